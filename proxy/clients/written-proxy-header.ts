import { isIPv4 } from "node:net";
import type { ConnectionEnds, IpPlace } from "../transport/peer.ts";
import { V2_START } from "./proxy-header.ts";

/** Of version 2: the version with PROXY, and the families with TCP (section 2.2). */
const VERSION_PROXY = 0x21;
const UNKNOWN_FAMILY = 0x00;
const TCP4 = 0x11;
const TCP6 = 0x21;

/**
 * The header by which an endpoint is told who its client is, as latin1
 * (haproxy.org/download/1.8/doc/proxy-protocol.txt, sections 2.1 and 2.2). `ends` undefined: it is
 * not known, as with a client at a Unix socket.
 */
export function writtenProxyHeader(version: "v1" | "v2", ends: ConnectionEnds | undefined): string {
  return version === "v1" ? v1Header(ends) : v2Header(ends).toString("latin1");
}

function v1Header(ends: ConnectionEnds | undefined): string {
  if (ends === undefined) return "PROXY UNKNOWN\r\n";
  const { source, destination } = ends;
  const [family, from, to] = areIPv4(ends)
    ? ["TCP4", source.address, destination.address]
    : ["TCP6", asIPv6(source.address), asIPv6(destination.address)];
  return `PROXY ${family} ${from} ${to} ${source.port} ${destination.port}\r\n`;
}

function v2Header(ends: ConnectionEnds | undefined): Buffer {
  if (ends === undefined) return v2Bytes(UNKNOWN_FAMILY, []);
  const { source, destination } = ends;
  const bytesOf = areIPv4(ends) ? bytesOfIPv4 : bytesOfIPv6;
  const addresses = [...bytesOf(source.address), ...bytesOf(destination.address)];
  const all = [...addresses, ...bytesOfPort(source), ...bytesOfPort(destination)];
  return v2Bytes(areIPv4(ends) ? TCP4 : TCP6, all);
}

function v2Bytes(family: number, addresses: readonly number[]): Buffer {
  const length = [addresses.length >> 8, addresses.length & 0xff];
  return Buffer.concat([V2_START, Buffer.from([VERSION_PROXY, family, ...length, ...addresses])]);
}

/** One family for both: a balancer before us may have said two. */
function areIPv4({ source, destination }: ConnectionEnds): boolean {
  return isIPv4(source.address) && isIPv4(destination.address);
}

function asIPv6(address: string): string {
  return isIPv4(address) ? `::ffff:${address}` : address;
}

function bytesOfIPv4(address: string): readonly number[] {
  return address.split(".").map(Number);
}

function bytesOfIPv6(address: string): readonly number[] {
  return groupsOf(asIPv6(address)).flatMap((group) => [group >> 8, group & 0xff]);
}

/** The eight groups of an address that may leave zeros out and end in dots (RFC 4291 2.2). */
function groupsOf(address: string): readonly number[] {
  const [plain = ""] = address.split("%");
  const [front = "", back] = plain.split("::");
  const [before, after] = [groupsIn(front), groupsIn(back ?? "")];
  const zeros = back === undefined ? 0 : 8 - before.length - after.length;
  return [...before, ...Array.from<number>({ length: zeros }).fill(0), ...after];
}

function groupsIn(text: string): readonly number[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) => {
    if (!group.includes(".")) return [Number.parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = bytesOfIPv4(group);
    return [(a << 8) | b, (c << 8) | d];
  });
}

function bytesOfPort({ port }: IpPlace): readonly number[] {
  return [port >> 8, port & 0xff];
}
