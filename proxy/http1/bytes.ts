/** Bytes by their role in HTTP/1 (RFC 9110 section 5.6), as tables that one read answers. */

const HTAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SP = 0x20;
export const DQUOTE = 0x22;
export const PERCENT = 0x25;
export const COMMA = 0x2c;
export const DOT = 0x2e;
export const SLASH = 0x2f;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;
export const EQUALS = 0x3d;
export const QUESTION = 0x3f;
export const BACKSLASH = 0x5c;

const ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const TCHAR = `${ALPHANUMERIC}!#$%&'*+-.^_\`|~`;
const DIGIT_9 = 0x39;
const NOT_HEX = 0xff;

/** A table that holds 1 for every byte of `text` and 0 for all others. */
export function byteSet(text: string): Uint8Array {
  const table = new Uint8Array(256);
  for (const byte of Buffer.from(text, "latin1")) {
    table[byte] = 1;
  }
  return table;
}

/** A table that holds 1 for every byte from `first` to `last`, both included. */
export function byteRange(first: number, last: number): Uint8Array {
  return new Uint8Array(256).fill(1, first, last + 1);
}

/** 1 for the bytes of a token (RFC 9110 section 5.6.2). */
export const TOKEN = byteSet(TCHAR);

/** 1 for the bytes of a field value: HTAB, SP, VCHAR and 0x80 to 0xFF (RFC 9110 section 5.5). */
export const FIELD_VALUE: Uint8Array = byteRange(0x20, 0xff);
FIELD_VALUE[HTAB] = 1;
FIELD_VALUE[0x7f] = 0;

/** A byte's ASCII lower case, with `_` read as `-`, as gateways that make variables of names do. */
export const FOLDED = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte === 0x5f) {
    return 0x2d;
  }
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
});

/**
 * FOLDED for the bytes of a token, 0 for all others: one table for what may be in a name and what
 * it reads as.
 */
export const NAME_BYTE = FOLDED.map((folded, byte) => (TOKEN[byte] === 1 ? folded : 0));

/** A hexadecimal digit's value, 255 for every other byte. */
export const HEX_VALUE = Uint8Array.from({ length: 256 }, (_, byte) => {
  const digit = "0123456789abcdef".indexOf(String.fromCharCode(FOLDED[byte] as number));
  return digit === -1 ? NOT_HEX : digit;
});

/** Whether `byte` is a hexadecimal digit. */
export function isHexDigit(byte: number): boolean {
  return HEX_VALUE[byte] !== NOT_HEX;
}

/** Whether `byte` is `0` to `9`. */
export function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= DIGIT_9;
}

/** Whether `byte` is optional white space inside a line: SP or HTAB. */
export function isBlank(byte: number): boolean {
  return byte === SP || byte === HTAB;
}

/** The first index in bytes[from, to) that holds no white space, or `to`. */
export function skipBlanks(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && isBlank(bytes[at] as number)) {
    at += 1;
  }
  return at;
}

/** The index past the last byte of bytes[from, to) that is no white space, or `from`. */
export function trimBlanks(bytes: Uint8Array, from: number, to: number): number {
  let at = to;
  while (at > from && isBlank(bytes[at - 1] as number)) {
    at -= 1;
  }
  return at;
}

/** Whether bytes[from, to) is `lower` in any case. `lower` is lower-case ASCII without `_`. */
export function equalsFolded(
  bytes: Uint8Array,
  from: number,
  to: number,
  lower: Uint8Array,
): boolean {
  if (to - from !== lower.length) {
    return false;
  }
  for (let index = 0; index < lower.length; index += 1) {
    const byte = bytes[from + index] as number;
    if (FOLDED[byte] !== lower[index] || byte === 0x5f) {
      return false;
    }
  }
  return true;
}

/**
 * The whole number that bytes[from, to) spells in decimal digits, without sign and without leading
 * zeros. -1: it is not one, or above 2^53 - 1.
 */
export function wholeNumber(bytes: Uint8Array, from: number, to: number): number {
  const digits = to - from;
  if (digits === 0 || digits > 16 || (digits > 1 && bytes[from] === 0x30)) {
    return -1;
  }
  let value = 0;
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at] as number;
    if (!isDigit(byte)) {
      return -1;
    }
    // In this order, so that intermediate sums stay exact.
    value = value * 10 + (byte - 0x30);
  }
  return Number.isSafeInteger(value) ? value : -1;
}

/** The index of the next comma in bytes[from, to), or `to`. */
export function commaAt(bytes: Buffer, from: number, to: number): number {
  let at = from;
  while (at < to && bytes[at] !== COMMA) {
    at += 1;
  }
  return at;
}
