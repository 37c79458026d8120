import { hashRange } from "./hash.ts";
import type { RequestView } from "./request-view.ts";
import type { PairReader } from "./wanted-pairs.ts";

const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const SPACE = 0x20;
const TAB = 0x09;

/**
 * The value of a cookie in a Cookie field, as sent: neither unquoted nor decoded (RFC 6265 section
 * 4.2.2 leaves its meaning to the server). The first of several wins: user agents put the one
 * with the longest path first (section 5.4). undefined: no such cookie.
 */
export function cookieValue(field: string, name: string): string | undefined {
  const start = valueStart(field, name);
  return start < 0 ? undefined : field.slice(start, valueEnd(field, start));
}

/** The pairs of a request's Cookie field, as `cookieValue` reads them. */
export class CookiePairs implements PairReader {
  #field = "";
  #start = 0;
  #equals = 0;
  #end = -1;

  begin(request: RequestView): void {
    this.#field = request.header("cookie") ?? "";
    this.#end = -1;
  }

  next(): boolean {
    const field = this.#field;
    let start = this.#end + 1;
    if (start >= field.length) return false;
    while (isBlank(field.charCodeAt(start))) start += 1;
    const semicolon = field.indexOf(";", start);
    this.#start = start;
    this.#end = semicolon < 0 ? field.length : semicolon;
    let equals = start;
    while (equals < this.#end && field.charCodeAt(equals) !== EQUALS) equals += 1;
    this.#equals = equals;
    return true;
  }

  nameHash(): number {
    return hashRange(this.#field, this.#start, this.#equals);
  }

  nameIs(name: string): boolean {
    const hasValue = this.#equals < this.#end;
    return hasValue && rangeIs(this.#field, this.#start, this.#equals, name);
  }

  valueHash(): number {
    return hashRange(this.#field, this.#equals + 1, valueEnd(this.#field, this.#equals + 1));
  }

  valueIs(value: string): boolean {
    const start = this.#equals + 1;
    return rangeIs(this.#field, start, valueEnd(this.#field, start), value);
  }

  end(): void {
    this.#field = "";
  }
}

function rangeIs(text: string, start: number, end: number, wanted: string): boolean {
  return end - start === wanted.length && text.startsWith(wanted, start);
}

function valueStart(field: string, name: string): number {
  let at = 0;
  while (at < field.length) {
    while (isBlank(field.charCodeAt(at))) at += 1;
    const equals = at + name.length;
    if (field.charCodeAt(equals) === EQUALS && field.startsWith(name, at)) return equals + 1;
    const semicolon = field.indexOf(";", at);
    if (semicolon < 0) return -1;
    at = semicolon + 1;
  }
  return -1;
}

function valueEnd(field: string, start: number): number {
  let end = start;
  while (end < field.length && field.charCodeAt(end) !== SEMICOLON) end += 1;
  while (end > start && isBlank(field.charCodeAt(end - 1))) end -= 1;
  return end;
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}
