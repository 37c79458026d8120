import { latin1 } from "../base/latin1.ts";
import { HASH_START, hashStep } from "./hash.ts";
import { escapeRaw } from "./normalise-path.ts";
import type { RequestView } from "./request-view.ts";
import type { PairReader } from "./wanted-pairs.ts";

const AMPERSAND = 0x26;
const EQUALS = 0x3d;
const PERCENT = 0x25;
const PLUS = 0x2b;
const SPACE = 0x20;

/**
 * The decoded value of a query parameter, by the rules of application/x-www-form-urlencoded (WHATWG
 * URL section 5.1): pairs are separated by `&`, `+` is a space, a broken escape stands for itself.
 * The first of several wins. `name` is a queryText. undefined: no such parameter.
 */
export function queryValue(query: string, name: string): string | undefined {
  const start = valueStart(query, name);
  return start < 0 ? undefined : decode(query.slice(start, pairEnd(query, start)));
}

/** A text as it is compared with a query: its UTF-8, a byte a character. */
export function queryText(text: string): string {
  const bytes = Buffer.from(text, "utf8");
  return latin1(bytes, 0, bytes.length);
}

/**
 * The pairs of a request's query, as `queryValue` reads them: names and values are compared with
 * queryTexts.
 */
export class QueryPairs implements PairReader {
  #query = "";
  #start = 0;
  #nameEnd = 0;
  #end = -1;

  begin(request: RequestView): void {
    this.#query = request.queryString;
    this.#end = -1;
  }

  next(): boolean {
    const query = this.#query;
    const start = this.#end + 1;
    if (start >= query.length) return false;
    this.#start = start;
    this.#end = pairEnd(query, start);
    this.#nameEnd = indexBefore(query, EQUALS, start, this.#end);
    return true;
  }

  nameHash(): number {
    return decodedHash(this.#query, this.#start, this.#nameEnd);
  }

  nameIs(name: string): boolean {
    return this.#end > this.#start && encodes(this.#query, this.#start, this.#nameEnd, name);
  }

  valueHash(): number {
    return decodedHash(this.#query, this.#valueStart, this.#end);
  }

  valueIs(value: string): boolean {
    return encodes(this.#query, this.#valueStart, this.#end, value);
  }

  end(): void {
    this.#query = "";
  }

  get #valueStart(): number {
    return Math.min(this.#nameEnd + 1, this.#end);
  }
}

/** Where the value of `name` begins: the end of its pair when it has no `=`. -1: nowhere. */
function valueStart(query: string, name: string): number {
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

function encodes(query: string, start: number, end: number, wanted: string): boolean {
  let at = start;
  for (let index = 0; index < wanted.length; index += 1) {
    if (at >= end) return false;
    const escaped = escapedByte(query, at, end);
    if (byteOf(query, at, escaped) !== wanted.charCodeAt(index)) return false;
    at += escaped >= 0 ? 3 : 1;
  }
  return at === end;
}

/** The hash of the queryText that a part of a query stands for. */
function decodedHash(query: string, start: number, end: number): number {
  let hash = HASH_START;
  for (let at = start; at < end;) {
    const escaped = escapedByte(query, at, end);
    hash = hashStep(hash, byteOf(query, at, escaped));
    at += escaped >= 0 ? 3 : 1;
  }
  return hash;
}

/** The byte that stands at this place; `escaped` is what escapedByte() found there. */
function byteOf(query: string, at: number, escaped: number): number {
  if (escaped >= 0) return escaped;
  const code = query.charCodeAt(at);
  return code === PLUS ? SPACE : code;
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
  const ascii = escapeRaw(raw);
  if (!ascii.includes("%") && !ascii.includes("+")) return ascii;
  return new URLSearchParams(`value=${ascii}`).get("value") ?? raw;
}
