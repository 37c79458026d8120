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
 * Lets a request pass or not.
 * @throws ControlError misdirected_request, cross_origin
 */
export async function guardAgainstPages(request: FastifyRequest): Promise<void> {
  const local = request.socket.localAddress;
  if (local !== undefined && isLoopback(local) && !isLoopbackHost(request.headers.host ?? "")) {
    throw misdirected();
  }
  if (!SAFE_METHODS.has(request.method) && isForeign(request)) throw crossOrigin();
}

/**
 * Whether a Host field names this machine from the inside: `localhost`, `127.0.0.1:9180`, `[::1]`.
 */
function isLoopbackHost(field: string): boolean {
  const [, host] = /^(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::\d{1,5})?$/i.exec(field) ?? [];
  if (host === undefined) return false;
  return host.toLowerCase() === "localhost" || isLoopback(host.replace(/^\[|\]$/g, ""));
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
