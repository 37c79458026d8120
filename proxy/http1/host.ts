import { COLON, DOT, byteSet, isDigit, isHexDigit } from "./bytes.ts";

const PORT_MAX = 65_535;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/**
 * Bytes of a host name or IPv4 address: those that RFC 3986 calls unreserved. No host has the other
 * characters that its grammar allows (escapes, commas, quotes), and applications misread them.
 */
const NAME_BYTE = byteSet("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-._~");

/**
 * Reads the `host [":" port]` (RFC 9110 section 7.2) that fills bytes[from, to). Returns the index
 * where the host ends. -1: empty, with user information, a list, a bad port or a bad IPv6 address.
 */
export function hostEnd(bytes: Uint8Array, from: number, to: number): number {
  const end = bytes[from] === OPEN_BRACKET ? bracketEnd(bytes, from, to) : nameEnd(bytes, from, to);
  return end > from && isPort(bytes, end, to) ? end : -1;
}

function nameEnd(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && NAME_BYTE[bytes[at] as number] === 1) {
    at += 1;
  }
  return at;
}

function bracketEnd(bytes: Uint8Array, from: number, to: number): number {
  let close = from + 1;
  while (close < to && bytes[close] !== CLOSE_BRACKET) {
    close += 1;
  }
  return close < to && isIpv6(bytes, from + 1, close) ? close + 1 : -1;
}

/** Nothing, or a colon and a number that a port may have; none is fine (RFC 3986 section 3.2.3). */
function isPort(bytes: Uint8Array, from: number, to: number): boolean {
  return from === to || (bytes[from] === COLON && isNumber(bytes, from + 1, to, PORT_MAX));
}

function isNumber(bytes: Uint8Array, from: number, to: number, max: number): boolean {
  let value = 0;
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at] as number;
    value = value * 10 + byte - 0x30;
    if (!isDigit(byte) || value > max) {
      return false;
    }
  }
  return true;
}

/** RFC 3986 section 3.2.2, without a zone: 8 groups, or fewer around one `::`. */
function isIpv6(bytes: Uint8Array, from: number, to: number): boolean {
  const gap = gapOf(bytes, from, to);
  if (gap === -1) {
    return groupsOf(bytes, from, to, true) === 8;
  }
  const before = gap === from ? 0 : groupsOf(bytes, from, gap, false);
  const after = gap + 2 === to ? 0 : groupsOf(bytes, gap + 2, to, true);
  return before !== -1 && after !== -1 && before + after < 8;
}

/** Where the first `::` is, or -1. A second one makes an empty group later. */
function gapOf(bytes: Uint8Array, from: number, to: number): number {
  for (let at = from; at + 1 < to; at += 1) {
    if (bytes[at] === COLON && bytes[at + 1] === COLON) {
      return at;
    }
  }
  return -1;
}

/** How many 16-bit groups bytes[from, to) holds; a final IPv4 address counts 2. -1: bad ones. */
function groupsOf(bytes: Uint8Array, from: number, to: number, mayEndInIpv4: boolean): number {
  let groups = 0;
  for (let at = from; ;) {
    let end = at;
    while (end < to && isHexDigit(bytes[end] as number)) {
      end += 1;
    }
    if (mayEndInIpv4 && end < to && bytes[end] === DOT) {
      return isIpv4(bytes, at, to) ? groups + 2 : -1;
    }
    if (end === at || end - at > 4) {
      return -1;
    }
    groups += 1;
    if (end === to) {
      return groups;
    }
    if (bytes[end] !== COLON) {
      return -1;
    }
    at = end + 1;
  }
}

function isIpv4(bytes: Uint8Array, from: number, to: number): boolean {
  let parts = 1;
  let start = from;
  for (let at = from; at <= to; at += 1) {
    if (at < to && bytes[at] !== DOT) {
      continue;
    }
    if (at === start || at - start > 3 || !isNumber(bytes, start, at, 255)) {
      return false;
    }
    parts += at < to ? 1 : 0;
    start = at + 1;
  }
  return parts === 4;
}
