/**
 * What a terminal may take for a command, or what changes the order of what is read: the controls
 * of ECMA-48 except tab and line feed, and Unicode's line separators and bidirectional controls
 * (UAX 9, and "Trojan Source", CVE-2021-42574).
 */
const INVISIBLE =
  // oxlint-disable-next-line no-control-regex -- these are what it is about
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/**
 * A text as a terminal or a log may show it, whoever wrote it: each control in it as JSON escapes
 * it, `\u001b`. So a text of JSON stays the same JSON. Tabs and line feeds stay.
 */
export function visibleText(text: string): string {
  return text.replace(
    INVISIBLE,
    (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
