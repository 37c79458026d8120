import { visibleText } from "./visible-text.ts";

/** Longest text of a line; what is longer ends with `...`. */
export const TEXT_CHARS_MAX = 1_024;

/** What cannot stand between quotes as it is: quotes, backslashes, and all but visible ASCII. */
const UNSAFE = /[^ !#-[\]-~]/;

/**
 * A text of anybody's, a character a byte, as it stands between quotes in a string of JSON: no
 * quote, control or line end is left that could end the string or the line, and only ASCII.
 */
export function escaped(text: string): string {
  const short = text.length > TEXT_CHARS_MAX ? `${text.slice(0, TEXT_CHARS_MAX)}...` : text;
  return UNSAFE.test(short) ? escapedSlowly(short) : short;
}

function escapedSlowly(text: string): string {
  const read = isOfBytes(text) ? Buffer.from(text, "latin1").toString("utf8") : text;
  const inner = visibleText(JSON.stringify(read)).slice(1, -1);
  return inner.replace(/[^ -~]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

function isOfBytes(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    if (text.charCodeAt(index) > 0xff) return false;
  }
  return true;
}
