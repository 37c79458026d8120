import { STATIC_ENTRIES } from "./hpack-tables.ts";
import { huffmanEncode, huffmanLength } from "./huffman.ts";

const INDEXED = 0x80;
const INDEXED_BITS = 7;
const LITERAL_BITS = 4;
const PLAIN = 0x00;
const SENSITIVE = 0x10;
const LENGTH_BITS = 7;
const HUFFMAN = 0x80;

const INDEX_BY_NAME: ReadonlyMap<string, number> = new Map(
  STATIC_ENTRIES.map(([name], index) => [name, index + 1] as const).toReversed(),
);
/** The last entry of the static table that has a value. */
const PAIR_INDEX_MAX = 16;
const INDEX_BY_PAIR: ReadonlyMap<string, number> = new Map(
  STATIC_ENTRIES.flatMap(([name, value], index) =>
    value === "" ? [] : [[`${name}\n${value}`, index + 1] as const],
  ),
);

/** Names of fields that are credentials: they belong in no table (RFC 7541 section 7.1.3). */
const CREDENTIALS: ReadonlySet<string> = new Set([
  "authorization",
  "proxy-authorization",
  "cookie",
  "set-cookie",
  "x-api-key",
  "x-auth-token",
  "x-csrf-token",
  "x-amz-security-token",
]);

/** Whether a field with this lower-case name must never be kept, here or further on. */
export function isCredential(name: string): boolean {
  return CREDENTIALS.has(name);
}

/**
 * A field of a header block (RFC 7541 section 6), as latin1 text. `name` in lower case. Only the
 * static table is used, so no connection's encoder has a state. `isSensitive`: nobody further on
 * may put it into a table (section 6.2.3).
 */
export function encodeField(name: string, value: string, isSensitive: boolean): string {
  const index = INDEX_BY_NAME.get(name) ?? 0;
  return pairOf(index, name, value) ?? nameOf(index, name, isSensitive) + plainText(value);
}

/** As encodeField(), as short as it can be made, which takes longer. */
export function encodeFieldShort(name: string, value: string, isSensitive: boolean): string {
  const index = INDEX_BY_NAME.get(name) ?? 0;
  return pairOf(index, name, value) ?? nameOf(index, name, isSensitive) + shortText(value);
}

/** A field that the static table has whole. `index`: of its name there. */
function pairOf(index: number, name: string, value: string): string | undefined {
  if (index === 0 || index > PAIR_INDEX_MAX) return undefined;
  const pair = INDEX_BY_PAIR.get(`${name}\n${value}`);
  return pair === undefined ? undefined : encodeInteger(pair, INDEXED_BITS, INDEXED);
}

function nameOf(index: number, name: string, isSensitive: boolean): string {
  const begin = encodeInteger(index, LITERAL_BITS, isSensitive ? SENSITIVE : PLAIN);
  return index === 0 ? begin + plainText(name) : begin;
}

function plainText(text: string): string {
  return encodeInteger(text.length, LENGTH_BITS, 0) + text;
}

function shortText(text: string): string {
  const length = huffmanLength(text);
  if (length >= text.length) return plainText(text);
  return encodeInteger(length, LENGTH_BITS, HUFFMAN) + huffmanEncode(text);
}

/** RFC 7541 section 5.1. `flags`: what the first byte says above `prefixBits`. */
function encodeInteger(value: number, prefixBits: number, flags: number): string {
  const mask = (1 << prefixBits) - 1;
  if (value < mask) return String.fromCharCode(flags | value);
  let out = String.fromCharCode(flags | mask);
  let rest = value - mask;
  while (rest >= 0x80) {
    out += String.fromCharCode(0x80 | (rest & 0x7f));
    rest >>>= 7;
  }
  return out + String.fromCharCode(rest);
}
