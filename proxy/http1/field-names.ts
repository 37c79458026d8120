import { NAME_BYTE } from "./bytes.ts";

/** What we know a field by. Numbers below 32, so that a set of them is one integer. */
export const Field = {
  /** Every field without a meaning for us. */
  other: 0,
  /**
   * Named by a Connection option of its message, so it ends here (RFC 9110 section 7.6.1), or
   * HTTP2-Settings, which always does.
   */
  named: 1,
  host: 2,
  connection: 3,
  keepAlive: 4,
  proxyConnection: 5,
  te: 6,
  trailer: 7,
  transferEncoding: 8,
  upgrade: 9,
  /** traceparent and tracestate (W3C Trace Context). */
  trace: 10,
  proxyAuthorization: 11,
  proxyAuthenticate: 12,
  contentLength: 13,
  expect: 14,
  maxForwards: 15,
  via: 16,
  forwarded: 17,
  xForwardedFor: 18,
  xForwardedHost: 19,
  xForwardedProto: 20,
  /** Any other X-Forwarded-*, but for X-Forwarded-Client-Cert. */
  xForwardedOther: 21,
  xRequestId: 22,
  authorization: 23,
  cookie: 24,
  webSocketKey: 25,
  webSocketVersion: 26,
  date: 27,
  cdnLoop: 28,
  wwwAuthenticate: 29,
  /** X-Forwarded-Client-Cert. */
  clientCert: 30,
  grpcTimeout: 31,
} as const;

const KIND_BY_NAME: Readonly<Record<string, number>> = {
  host: Field.host,
  connection: Field.connection,
  "keep-alive": Field.keepAlive,
  "proxy-connection": Field.proxyConnection,
  te: Field.te,
  trailer: Field.trailer,
  "transfer-encoding": Field.transferEncoding,
  upgrade: Field.upgrade,
  traceparent: Field.trace,
  tracestate: Field.trace,
  "http2-settings": Field.named,
  "proxy-authorization": Field.proxyAuthorization,
  "proxy-authenticate": Field.proxyAuthenticate,
  "content-length": Field.contentLength,
  expect: Field.expect,
  "max-forwards": Field.maxForwards,
  via: Field.via,
  forwarded: Field.forwarded,
  "x-forwarded-for": Field.xForwardedFor,
  "x-forwarded-host": Field.xForwardedHost,
  "x-forwarded-proto": Field.xForwardedProto,
  "x-request-id": Field.xRequestId,
  authorization: Field.authorization,
  cookie: Field.cookie,
  "sec-websocket-key": Field.webSocketKey,
  "sec-websocket-version": Field.webSocketVersion,
  date: Field.date,
  "cdn-loop": Field.cdnLoop,
  "www-authenticate": Field.wwwAuthenticate,
  "x-forwarded-client-cert": Field.clientCert,
  "grpc-timeout": Field.grpcTimeout,
};

/** Kinds as a set: one bit each. */
export function fieldSet(...kinds: readonly number[]): number {
  return kinds.reduce((set, kind) => set | (1 << kind), 0);
}

/** Fields that concern only one connection and never pass a proxy (RFC 9110 section 7.6.1). */
export const HOP_BY_HOP = fieldSet(
  Field.named,
  Field.connection,
  Field.keepAlive,
  Field.proxyConnection,
  Field.te,
  Field.upgrade,
);

/** Fields that say who the client is, in all their spellings. */
export const FORWARDED = fieldSet(
  Field.forwarded,
  Field.xForwardedFor,
  Field.xForwardedHost,
  Field.xForwardedProto,
  Field.xForwardedOther,
  Field.clientCert,
);

/** Fields that must not be smuggled past us with `_` for `-`. */
const UNDERSCORE_REFUSED = FORWARDED | fieldSet(Field.contentLength, Field.transferEncoding);

/** What fieldKind() says of a name that some gateways read as a framing or forwarded field. */
export const AMBIGUOUS = -1;

/** Every known name has a row of so many bytes: its length, its kind, its text. */
const ROW_BYTES = 32;
const KIND_AT = 1;
const TEXT_AT = 2;

const FORWARDED_PREFIX = "x-forwarded-";
// In one piece, so that a name costs little to look up in a cold cache. No name has row 0.
const ROWS = new Uint8Array((Object.keys(KIND_BY_NAME).length + 2) * ROW_BYTES);
const FORWARDED_ROW = ROW_BYTES;
writeRow(FORWARDED_ROW, FORWARDED_PREFIX, Field.xForwardedOther);

/**
 * Names are told apart by length and first letter: no two known ones share a slot. The factor is
 * one of those for which so few slots do, which a cold cache has in two lines.
 */
const SLOTS = 128;
const LETTER_FACTOR = 22;

const ROW_BY_SLOT = new Uint8Array(SLOTS);
for (const [index, [name, kind]] of Object.entries(KIND_BY_NAME).entries()) {
  const slot = slotOf(name.length, name.charCodeAt(0));
  if (ROW_BY_SLOT[slot] !== 0) {
    throw new Error(`Cannot index field names: "${name}" shares its slot`);
  }
  ROW_BY_SLOT[slot] = index + 2;
  writeRow((index + 2) * ROW_BYTES, name, kind);
}

function writeRow(row: number, name: string, kind: number): void {
  ROWS.set([name.length, kind, ...Buffer.from(name, "latin1")], row);
}

function slotOf(length: number, first: number): number {
  return (length + (first & 31) * LETTER_FACTOR) & (SLOTS - 1);
}

/**
 * The kind of the field whose name is bytes[from, to), in any case; Field.other when it has none.
 * AMBIGUOUS: with `_` read as `-` it would be a framing or forwarded field.
 */
export function fieldKind(bytes: Uint8Array, from: number, to: number): number {
  const length = to - from;
  const first = bytes[from] as number;
  const row = (ROW_BY_SLOT[slotOf(length, first)] as number) * ROW_BYTES;
  if (ROWS[row] === length && row !== 0) {
    const difference = differenceOf(bytes, from, row, length);
    if (difference !== DIFFERENT) return accept(ROWS[row + KIND_AT] as number, difference);
  }
  if (length <= FORWARDED_PREFIX.length || (first | 0x20) !== 0x78) return Field.other;
  const difference = differenceOf(bytes, from, FORWARDED_ROW, FORWARDED_PREFIX.length);
  return difference === DIFFERENT ? Field.other : accept(Field.xForwardedOther, difference);
}

const DIFFERENT = -1;

/** The bits in which the bytes differ from the name of a row that they fold to, or DIFFERENT. */
function differenceOf(bytes: Uint8Array, from: number, row: number, length: number): number {
  let difference = 0;
  for (let index = 0; index < length; index += 1) {
    const byte = bytes[from + index] as number;
    const wanted = ROWS[row + TEXT_AT + index] as number;
    if (NAME_BYTE[byte] !== wanted) return DIFFERENT;
    difference |= byte ^ wanted;
  }
  return difference;
}

/** Upper case differs in bit 0x20 only, `_` from `-` in 0x40 too. */
function accept(kind: number, difference: number): number {
  if ((difference & 0x40) === 0) {
    return kind;
  }
  return (UNDERSCORE_REFUSED & (1 << kind)) === 0 ? Field.other : AMBIGUOUS;
}
