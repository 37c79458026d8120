import { isIPv4, isIPv6, SocketAddress } from "node:net";
import type { ConnectionEnds } from "../transport/peer.ts";

/**
 * The header of the PROXY protocol, versions 1 and 2, by which a balancer says before the first
 * byte of a connection from whom it is (haproxy.org/download/1.8/doc/proxy-protocol.txt, sections
 * 2.1 and 2.2).
 */

/** Longest header of version 1 with its CRLF, in bytes (section 2.1). */
const V1_BYTES_MAX = 107;

/**
 * Longest header of version 2: what HAProxy takes. With a client's certificate in it, one can have
 * a few KiB.
 */
const V2_BYTES_MAX = 16 * 1024;

/** What a header of version 1 begins with. */
const V1_START = Buffer.from("PROXY ", "latin1");

/** What a header of version 2 begins with: no protocol does that could be meant. */
export const V2_START = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");

/** Start, version and command, family and transport, and length. */
const V2_FIXED = 16;

/** In the upper 4 bits: the version. In the lower: what the balancer wants. */
const COMMANDS: Readonly<Record<number, "local" | "proxy">> = { 0x20: "local", 0x21: "proxy" };

/** Bytes that the addresses of a family take: two, and for IP two ports (section 2.2). */
const FAMILIES: Readonly<
  Record<number, { readonly source: "none" | "4" | "6" | "unix"; size: number }>
> = {
  0: { source: "none", size: 0 },
  1: { source: "4", size: 12 },
  2: { source: "6", size: 36 },
  3: { source: "unix", size: 216 },
};

/** UNSPEC, STREAM and DGRAM: a balancer may have got the request by QUIC. */
const TRANSPORT_MAX = 2;

/**
 * From whom a connection is. `peer`: from the balancer itself, as its health checks are. `unix`:
 * from somebody at a Unix socket of the balancer.
 */
export type ProxySource =
  | { readonly kind: "peer" }
  | { readonly kind: "unix" }
  | { readonly kind: "address"; readonly ends: ConnectionEnds };

/** What the first bytes of a connection are. `length`: of the header, in bytes. */
export type ProxyHeader =
  | { readonly kind: "read"; readonly length: number; readonly source: ProxySource }
  /** It goes on in bytes that are still to come. */
  | { readonly kind: "more" }
  /** It is none, or breaks a rule. */
  | { readonly kind: "invalid" };

const PEER: ProxySource = { kind: "peer" };
const MORE: ProxyHeader = { kind: "more" };
const INVALID: ProxyHeader = { kind: "invalid" };

/** Reads the header that `bytes` begin with. */
export function readProxyHeader(bytes: Buffer): ProxyHeader {
  if (beginsLike(bytes, V1_START)) return readV1(bytes);
  return beginsLike(bytes, V2_START) ? readV2(bytes) : INVALID;
}

/** Whether one of them begins with the other. */
function beginsLike(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length);
  return bytes.compare(start, 0, length, 0, length) === 0;
}

function readV1(bytes: Buffer): ProxyHeader {
  const end = bytes.subarray(0, V1_BYTES_MAX).indexOf("\r\n", 0, "latin1");
  if (end < 0) return bytes.length < V1_BYTES_MAX ? MORE : INVALID;
  const text = bytes.toString("latin1", V1_START.length, end);
  const source = text === "UNKNOWN" || text.startsWith("UNKNOWN ") ? PEER : sourceOf(text);
  return source === undefined ? INVALID : { kind: "read", length: end + 2, source };
}

/** The source in `TCP4 SOURCE DESTINATION PORT PORT`. */
function sourceOf(text: string): ProxySource | undefined {
  const [family = "", source = "", destination = "", ...ports] = text.split(" ");
  if (ports.length !== 2 || !ports.every(isPort)) return undefined;
  const isAddress = { TCP4: isIPv4, TCP6: isPlainIPv6 }[family];
  if (isAddress?.(source) !== true || !isAddress(destination)) return undefined;
  const [from, to] = [source, destination].map((address, at) => {
    return {
      address: family === "TCP6" ? canonicalIPv6(address) : address,
      port: Number(ports[at]),
    };
  });
  return from && to && { kind: "address", ends: { source: from, destination: to } };
}

function isPort(text: string): boolean {
  return /^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535;
}

function isPlainIPv6(text: string): boolean {
  return isIPv6(text) && !text.includes("%");
}

function readV2(bytes: Buffer): ProxyHeader {
  if (bytes.length < V2_FIXED) return MORE;
  const command = COMMANDS[bytes.readUInt8(12)];
  const family = FAMILIES[bytes.readUInt8(13) >>> 4];
  const transport = bytes.readUInt8(13) & 0x0f;
  const size = bytes.readUInt16BE(14);
  const length = V2_FIXED + size;
  if (command === undefined || family === undefined || transport > TRANSPORT_MAX) return INVALID;
  if (length > V2_BYTES_MAX || (command === "proxy" && size < family.size)) return INVALID;
  if (bytes.length < length) return MORE;
  const source = command === "local" || transport === 0 ? PEER : sourceAfter(bytes, family.source);
  return { kind: "read", length, source };
}

/** The source address follows the fixed part; behind the addresses are TLVs that we do not need. */
function sourceAfter(bytes: Buffer, family: "none" | "4" | "6" | "unix"): ProxySource {
  if (family === "none") return PEER;
  if (family === "unix") return { kind: "unix" };
  const size = family === "4" ? 4 : 16;
  const [source, destination] = [0, 1].map((at) => {
    const start = V2_FIXED + at * size;
    const port = bytes.readUInt16BE(V2_FIXED + 2 * size + 2 * at);
    return { address: addressIn(bytes.subarray(start, start + size)), port };
  });
  return source && destination ? { kind: "address", ends: { source, destination } } : PEER;
}

/** The address of 4 or 16 bytes. */
function addressIn(raw: Buffer): string {
  if (raw.length === 4) return raw.join(".");
  const groups = Array.from({ length: 8 }, (_, at) => raw.readUInt16BE(2 * at).toString(16));
  return canonicalIPv6(groups.join(":"));
}

function canonicalIPv6(address: string): string {
  return new SocketAddress({ address, family: "ipv6" }).address;
}
