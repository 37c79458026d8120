import type { PatternText } from "./pattern-text.ts";

/** A set of bytes: 1 at the index of each byte in it. */
export type ByteSet = Uint8Array;

const BYTES = 256;
const NEW_LINE = 0x0a;

const DIGITS = ranges("09");
const WORD = ranges("09AZaz__");
const BLANKS = ranges("\t\n\f\r  ");

/** Escapes that stand for sets. */
const CLASSES: Readonly<Record<string, ByteSet>> = {
  d: DIGITS,
  D: inverted(DIGITS),
  w: WORD,
  W: inverted(WORD),
  s: BLANKS,
  S: inverted(BLANKS),
};

/** POSIX's names of sets. */
const POSIX: Readonly<Record<string, ByteSet>> = {
  alnum: ranges("09AZaz"),
  alpha: ranges("AZaz"),
  ascii: ranges("\0\u007f"),
  blank: ranges("\t\t  "),
  cntrl: ranges("\0\u001f\u007f\u007f"),
  digit: DIGITS,
  graph: ranges("!~"),
  lower: ranges("az"),
  print: ranges(" ~"),
  punct: ranges("!/:@[`{~"),
  space: ranges("\t\r  "),
  upper: ranges("AZ"),
  word: WORD,
  xdigit: ranges("09AFaf"),
};

const CONTROLS: Readonly<Record<string, number>> = { a: 7, t: 9, n: 10, v: 11, f: 12, r: 13 };

/** Reads what follows a backslash, inside brackets or not. @throws PatternError */
export function readEscape(text: PatternText): ByteSet {
  const escaped = text.take();
  const named = CLASSES[escaped];
  if (named !== undefined) return named;
  const control = CONTROLS[escaped];
  if (control !== undefined) return singleByte(control);
  if (escaped === "x") return singleByte(readHex(text));
  if (/\w/.test(escaped)) text.fail(`found \\${escaped}`);
  return singleByte(escaped.charCodeAt(0));
}

/** Reads what follows an opening bracket. @throws PatternError */
export function readBrackets(text: PatternText, ignoresCase: boolean): ByteSet {
  const isInverted = text.takes("^");
  const bytes = new Uint8Array(BYTES);
  for (let isFirst = true; isFirst || text.next !== "]"; isFirst = false) {
    if (text.atEnd) text.fail("found [ without ]");
    readMember(text).forEach((has, byte) => (bytes[byte] = (bytes[byte] ?? 0) | has));
  }
  text.take();
  const folded = ignoresCase ? foldedBytes(bytes) : bytes;
  return isInverted ? inverted(folded) : folded;
}

/** What a dot stands for: any byte, or any but a line feed. */
export function anyByte(withNewLine: boolean): ByteSet {
  const bytes = new Uint8Array(BYTES).fill(1);
  if (!withNewLine) bytes[NEW_LINE] = 0;
  return bytes;
}

/** The set with one byte. */
export function singleByte(byte: number): ByteSet {
  return new Uint8Array(BYTES).fill(1, byte, byte + 1);
}

/** The set with each of its letters in both cases. */
export function foldedBytes(bytes: ByteSet): ByteSet {
  const folded = bytes.slice();
  for (let upper = 0x41; upper <= 0x5a; upper += 1) {
    const has = (bytes[upper] ?? 0) | (bytes[upper + 0x20] ?? 0);
    folded[upper] = has;
    folded[upper + 0x20] = has;
  }
  return folded;
}

function readHex(text: PatternText): number {
  const found = text.takeMatch(/^(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,2})\})/);
  if (found === undefined) text.fail("found \\x without two digits");
  const [, plain, braced = ""] = found;
  return Number.parseInt(plain ?? braced, 16);
}

function readMember(text: PatternText): ByteSet {
  const found = text.takeMatch(/^\[:(\^?)(\w{1,10}):\]/);
  if (found !== undefined) {
    const [whole, not, name = ""] = found;
    const set = POSIX[name] ?? text.fail(`found ${whole}`);
    return not === "" ? set : inverted(set);
  }
  const first = readOne(text);
  if (text.takeMatch(/^-(?!\])/) === undefined) return first;
  return rangeOf(text, first, readOne(text));
}

function readOne(text: PatternText): ByteSet {
  return text.takes("\\") ? readEscape(text) : singleByte(text.take().charCodeAt(0));
}

function rangeOf(text: PatternText, first: ByteSet, last: ByteSet): ByteSet {
  const [from, to] = [first.indexOf(1), last.indexOf(1)];
  const isOne = first.lastIndexOf(1) === from && last.lastIndexOf(1) === to;
  if (!isOne || from > to) text.fail("found a range that is none");
  return new Uint8Array(BYTES).fill(1, from, to + 1);
}

/** The bytes from each first to each second character, both included. */
function ranges(text: string): ByteSet {
  const bytes = new Uint8Array(BYTES);
  for (let at = 0; at < text.length; at += 2) {
    bytes.fill(1, text.charCodeAt(at), text.charCodeAt(at + 1) + 1);
  }
  return bytes;
}

function inverted(bytes: ByteSet): ByteSet {
  return bytes.map((has) => 1 - has);
}
