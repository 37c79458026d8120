import type { FastifyRequest } from "fastify";
import { BlockList, isIPv6 } from "node:net";
import { crossOrigin, misdirected } from "./api-errors.ts";

/**
 * Keeps web pages from driving the API through somebody's browser. A page can have its own name
 * resolve to 127.0.0.1 (DNS rebinding); its requests then carry that name as Host. It can also send
 * requests to our true name: it may not read their answers, but they take effect.
 */

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8);
loopback.addAddress("::1", "ipv6");

/** Methods that change nothing (RFC 9110 section 9.2.1). */
const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Lets a request pass or not. `tls`: that of the server; undefined: it has none.
 * @throws ControlError misdirected_request, cross_origin
 */
export async function guardAgainstPages(request: FastifyRequest, tls?: NamedServer): Promise<void> {
  const local = request.socket.localAddress;
  if (local !== undefined && !isOurName(hostOf(request), local, tls)) throw misdirected();
  if (!SAFE_METHODS.has(request.method) && isForeign(request)) throw crossOrigin();
}

/** What knows the names of a server. */
export type NamedServer = {
  /** `host`: a name, or an address without brackets. */
  isFor(host: string): boolean;
};

/** A name that a page could not have had resolve to this address. */
function isOurName(host: string, local: string, tls: NamedServer | undefined): boolean {
  if (host !== "" && tls?.isFor(host) === true) return true;
  // Without TLS nobody knows by which names other machines call this one.
  return isLoopback(local) ? isLoopbackHost(host) : tls === undefined;
}

/** The host of a Host field such as `127.0.0.1:9180` or `[::1]`. "": it is none. */
function hostOf({ headers }: FastifyRequest): string {
  const pattern = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9.-]+))(?::\d{1,5})?$/i;
  const [, bracketed, plain = ""] = pattern.exec(headers.host ?? "") ?? [];
  return (bracketed ?? plain).toLowerCase();
}

/** Whether a host names this machine from the inside. */
function isLoopbackHost(host: string): boolean {
  return host === "localhost" || isLoopback(host);
}

function isLoopback(address: string): boolean {
  return loopback.check(address, isIPv6(address) ? "ipv6" : "ipv4");
}

/**
 * Browsers say where a request comes from (Fetch Metadata; older ones by Origin). Others do not.
 */
function isForeign(request: FastifyRequest): boolean {
  const site = request.headers["sec-fetch-site"];
  if (site !== undefined) return site !== "same-origin" && site !== "none";
  const origin = request.headers.origin;
  if (origin === undefined) return false;
  return !URL.canParse(origin) || new URL(origin).host !== request.headers.host;
}
