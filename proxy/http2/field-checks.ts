import { latin1 } from "../base/latin1.ts";
import {
  FIELD_VALUE,
  TOKEN,
  byteRange,
  equalsFolded,
  isBlank,
  isDigit,
  wholeNumber,
} from "../http1/bytes.ts";
import { Field, fieldKind, fieldSet } from "../http1/field-names.ts";
import { hostEnd } from "../http1/host.ts";
import { METHOD_BYTES_MAX } from "../http1/limits.ts";
import { FAULTS } from "./reasons.ts";
import type { Http2Fault } from "./reasons.ts";

/** Kinds of pseudo-fields (RFC 9113 section 8.3, RFC 8441 section 4), above all of Field. */
export const PseudoField = {
  method: 32,
  scheme: 33,
  authority: 34,
  path: 35,
  protocol: 36,
  status: 37,
  unknown: 38,
} as const;

/** Whether it is the kind of a pseudo-field. */
export function isPseudo(kind: number): boolean {
  return kind >= PseudoField.method;
}

/** Fields that speak of a connection of HTTP/1.1 (RFC 9113 section 8.2.2). */
const CONNECTION_FIELDS = fieldSet(
  Field.connection,
  Field.keepAlive,
  Field.proxyConnection,
  Field.transferEncoding,
  Field.upgrade,
);

/** What kindOfName() says of bytes that are no name. */
const NO_NAME = -2;

const COLON = 0x3a;
const ASTERISK = 0x2a;
const SLASH = 0x2f;
const HASH = 0x23;
const TRAILERS = Buffer.from("trailers", "latin1");
const STATUS_DIGITS = 3;
const PSEUDO_BY_NAME: ReadonlyMap<string, number> = new Map([
  [":method", PseudoField.method],
  [":scheme", PseudoField.scheme],
  [":authority", PseudoField.authority],
  [":path", PseudoField.path],
  [":protocol", PseudoField.protocol],
  [":status", PseudoField.status],
]);

/** 1 for the bytes of a name: those of a token, but no upper case (RFC 9113 section 8.2.1). */
const NAME_BYTE = TOKEN.slice().fill(0, 0x41, 0x5b);
/** 1 for the bytes of a path with its query: visible, or above ASCII, which services tolerate. */
const PATH_BYTE = byteRange(0x21, 0xff);
PATH_BYTE[0x7f] = 0;
PATH_BYTE[HASH] = 0;

/**
 * The kind of the field whose name is bytes[from, to): one of Field, AMBIGUOUS, one of PseudoField,
 * or another negative number when it is no name.
 */
export function kindOfName(bytes: Buffer, from: number, to: number): number {
  if (from === to) return NO_NAME;
  if (bytes[from] === COLON) {
    return PSEUDO_BY_NAME.get(latin1(bytes, from, to)) ?? PseudoField.unknown;
  }
  return areAll(NAME_BYTE, bytes, from, to) ? fieldKind(bytes, from, to) : NO_NAME;
}

/**
 * The rule of RFC 9113 section 8.2 or 8.3.1 that a field of this kind with the value
 * bytes[from, to) breaks, whatever is around it.
 */
export function fieldFault(
  kind: number,
  bytes: Buffer,
  from: number,
  to: number,
): Http2Fault | undefined {
  if (kind === NO_NAME || !isValue(bytes, from, to)) return FAULTS["h2-field-invalid"];
  if (kind >= 0 && kind < PseudoField.method && ((CONNECTION_FIELDS >>> kind) & 1) !== 0) {
    return FAULTS["h2-connection-field"];
  }
  switch (kind) {
    case Field.te:
      return equalsFolded(bytes, from, to, TRAILERS) ? undefined : FAULTS["h2-connection-field"];
    case Field.contentLength:
      return wholeNumber(bytes, from, to) === -1 ? FAULTS["h2-content-length"] : undefined;
    case Field.host:
    case PseudoField.authority:
      return hostEnd(bytes, from, to) === -1 ? FAULTS["h2-authority"] : undefined;
    case PseudoField.path:
      return isPath(bytes, from, to) ? undefined : FAULTS["h2-path"];
    default:
      return isPseudo(kind) ? pseudoFault(kind, bytes, from, to) : undefined;
  }
}

/** What the value of a Content-Length or `:status` counts. 0 for all others. */
export function fieldNumber(kind: number, bytes: Buffer, from: number, to: number): number {
  const isNumber = kind === Field.contentLength || kind === PseudoField.status;
  return isNumber ? wholeNumber(bytes, from, to) : 0;
}

function pseudoFault(
  kind: number,
  bytes: Buffer,
  from: number,
  to: number,
): Http2Fault | undefined {
  if (kind === PseudoField.unknown) return FAULTS["h2-pseudo-field"];
  const isValid =
    kind === PseudoField.status
      ? isStatus(bytes, from, to)
      : to > from && to - from <= METHOD_BYTES_MAX && areAll(TOKEN, bytes, from, to);
  return isValid ? undefined : FAULTS["h2-pseudo-field"];
}

/** No control bytes, and no white space around it (RFC 9113 section 8.2.1). */
function isValue(bytes: Buffer, from: number, to: number): boolean {
  if (from === to) return true;
  if (isBlank(bytes[from] as number) || isBlank(bytes[to - 1] as number)) return false;
  return areAll(FIELD_VALUE, bytes, from, to);
}

/** 100 to 599, as in HTTP/1.1. */
function isStatus(bytes: Buffer, from: number, to: number): boolean {
  if (to - from !== STATUS_DIGITS) return false;
  for (let at = from; at < to; at += 1) {
    if (!isDigit(bytes[at] as number)) return false;
  }
  return (bytes[from] as number) >= 0x31 && (bytes[from] as number) <= 0x35;
}

/** What may stand behind an authority, or `*` (RFC 9113 section 8.3.1). */
function isPath(bytes: Buffer, from: number, to: number): boolean {
  const isAsterisk = to - from === 1 && bytes[from] === ASTERISK;
  return (bytes[from] === SLASH || isAsterisk) && from < to && areAll(PATH_BYTE, bytes, from, to);
}

function areAll(table: Uint8Array, bytes: Buffer, from: number, to: number): boolean {
  let at = from;
  while (at < to && table[bytes[at] as number] === 1) at += 1;
  return at === to;
}
