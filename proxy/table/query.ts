const AMPERSAND = 0x26;
const EQUALS = 0x3d;
const PERCENT = 0x25;
const PLUS = 0x2b;
const SPACE = 0x20;

/**
 * The decoded value of a query parameter, by the rules of application/x-www-form-urlencoded (WHATWG
 * URL section 5.1): pairs are separated by `&`, `+` is a space, a broken escape stands for itself.
 * The first of several wins. `name` is UTF-8. undefined: no such parameter.
 */
export function queryValue(query: string, name: Uint8Array): string | undefined {
  const start = valueStart(query, name);
  return start < 0 ? undefined : decode(query.slice(start, pairEnd(query, start)));
}

/**
 * Whether the parameter has this value (UTF-8), without making a string. It reads every byte of the
 * query at most twice, so that no query is expensive.
 */
export function queryIs(query: string, name: Uint8Array, value: Uint8Array): boolean {
  const start = valueStart(query, name);
  return start >= 0 && encodes(query, start, pairEnd(query, start), value);
}

/** Where the value of `name` begins: the end of its pair when it has no `=`. -1: nowhere. */
function valueStart(query: string, name: Uint8Array): number {
  for (let start = 0; start < query.length;) {
    const end = pairEnd(query, start);
    const nameEnd = indexBefore(query, EQUALS, start, end);
    if (end > start && encodes(query, start, nameEnd, name)) {
      return Math.min(nameEnd + 1, end);
    }
    start = end + 1;
  }
  return -1;
}

function pairEnd(query: string, start: number): number {
  return indexBefore(query, AMPERSAND, start, query.length);
}

/** The first place of `code` from `start` on, at most `end`. */
function indexBefore(query: string, code: number, start: number, end: number): number {
  let at = start;
  while (at < end && query.charCodeAt(at) !== code) at += 1;
  return at;
}

function encodes(query: string, start: number, end: number, wanted: Uint8Array): boolean {
  let at = start;
  for (let index = 0; index < wanted.length; index += 1) {
    if (at >= end) return false;
    const escaped = escapedByte(query, at, end);
    const code = query.charCodeAt(at);
    const byte = escaped >= 0 ? escaped : code === PLUS ? SPACE : code;
    if (byte !== wanted[index]) return false;
    at += escaped >= 0 ? 3 : 1;
  }
  return at === end;
}

/** The byte that `%xx` at this place stands for. -1: none. */
function escapedByte(query: string, at: number, end: number): number {
  if (query.charCodeAt(at) !== PERCENT || at + 2 >= end) return -1;
  const high = hexDigit(query.charCodeAt(at + 1));
  const low = hexDigit(query.charCodeAt(at + 2));
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

function decode(raw: string): string {
  if (!raw.includes("%") && !raw.includes("+")) return raw;
  return new URLSearchParams(`value=${raw}`).get("value") ?? raw;
}
