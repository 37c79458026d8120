import type { FieldEdits } from "./route-actions.ts";

/** Edits of field lines, compiled: names that go, in lower case, and lines that come. */
export type HeadEdit = { readonly removed: ReadonlySet<string>; readonly lines: string };

/** Compiles edits. */
export function headEdit({ removed, added }: FieldEdits): HeadEdit {
  return { removed: new Set(removed), lines: linesOfPairs(added) };
}

/** Both, one after the other. */
export function joinedEdit(first: HeadEdit | undefined, then: HeadEdit): HeadEdit {
  if (first === undefined) return then;
  const lines = keptLines(first.lines, then.removed) + then.lines;
  return { removed: new Set([...first.removed, ...then.removed]), lines };
}

/** Field lines, each with its CRLF. */
export function linesOfPairs(pairs: FieldEdits["added"]): string {
  return pairs.map(([name, value]) => `${name}: ${value}\r\n`).join("");
}

/** Field lines, each with its CRLF, after the edit. */
export function editedLines(lines: string, { removed, lines: added }: HeadEdit): string {
  return keptLines(lines, removed) + added;
}

/** A head with its start line and its empty line, after the edit. */
export function editedHead(text: string, edit: HeadEdit): string {
  const start = text.indexOf("\r\n") + 2;
  return `${text.slice(0, start) + editedLines(text.slice(start, -2), edit)}\r\n`;
}

function keptLines(lines: string, removed: ReadonlySet<string>): string {
  if (removed.size === 0) return lines;
  let kept = "";
  for (let at = 0; at < lines.length;) {
    const end = lines.indexOf("\r\n", at) + 2;
    const name = lines.slice(at, lines.indexOf(":", at)).toLowerCase();
    if (!removed.has(name)) kept += lines.slice(at, end);
    at = end;
  }
  return kept;
}
