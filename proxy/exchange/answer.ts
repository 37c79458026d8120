import type { RequestHead } from "../http1/request-head.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import type { ResponseRewrite } from "../http1/rewrite-response.ts";

/**
 * How long an upstream connection may idle when its peer does not say: below the 5 s after which
 * node:http, the most impatient common server, closes.
 */
const UPSTREAM_IDLE_DEFAULT_MS = 4_000;
/** Longest idle time that a peer's Keep-Alive field is believed for. */
const UPSTREAM_IDLE_MAX_MS = 60_000;
/** Left between the peer's idle timeout and ours, for what is on the wire. */
const UPSTREAM_IDLE_MARGIN_MS = 1_000;

const KEEP_ALIVE_TIMEOUT = /(?:^|[\s,;])timeout=(\d{1,6})(?:$|[\s,;])/i;

/** How the client gets the body: HTTP/1.0 knows no chunks, HTTP/1.1 gets no body without an end. */
export function framingForClient(
  response: ResponseHead,
  request: RequestHead,
): ResponseRewrite["framing"] {
  const ends = response.framingFor(request.isHead);
  if (request.minorVersion === 0) return ends === "chunked" ? "drop" : "as-sent";
  return ends === "close" ? "chunked" : "as-sent";
}

/** Whether the end of the client's connection is the only end that the body has. */
export function endsWithClose(response: ResponseHead, request: RequestHead): boolean {
  if (request.minorVersion === 1) return false;
  const ends = response.framingFor(request.isHead);
  return ends === "chunked" || ends === "close";
}

/**
 * Whether a 101 changes to one of the protocols asked for (RFC 9110 7.8; RFC 6455 4.1: any case).
 */
export function isSwitchAskedFor(response: ResponseHead, request: RequestHead): boolean {
  const { upgrade } = response;
  if (upgrade === undefined || request.upgrade === undefined) return false;
  const asked = request.upgrade.toLowerCase().split(",");
  return asked.some((protocol) => protocol.trim() === upgrade.toLowerCase());
}

/** Whether an Upgrade field asks for a WebSocket (RFC 6455 4.1: any case). */
export function isWebSocket(upgrade: string | undefined): boolean {
  return upgrade?.toLowerCase() === "websocket";
}

/** How long a connection may idle, by the peer's Keep-Alive field (`timeout=5`). 0: not at all. */
export function upstreamIdleMs(keepAlive: string | undefined): number {
  const seconds = keepAlive === undefined ? undefined : KEEP_ALIVE_TIMEOUT.exec(keepAlive)?.[1];
  if (seconds === undefined) return UPSTREAM_IDLE_DEFAULT_MS;
  const hintedMs = Number(seconds) * 1000 - UPSTREAM_IDLE_MARGIN_MS;
  return Math.min(Math.max(0, hintedMs), UPSTREAM_IDLE_MAX_MS);
}
