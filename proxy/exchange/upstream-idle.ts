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

/** How long a connection may idle, by the peer's Keep-Alive field (`timeout=5`). 0: not at all. */
export function upstreamIdleMs(keepAlive: string | undefined): number {
  const seconds = keepAlive === undefined ? undefined : KEEP_ALIVE_TIMEOUT.exec(keepAlive)?.[1];
  if (seconds === undefined) return UPSTREAM_IDLE_DEFAULT_MS;
  const hintedMs = Number(seconds) * 1000 - UPSTREAM_IDLE_MARGIN_MS;
  return Math.min(Math.max(0, hintedMs), UPSTREAM_IDLE_MAX_MS);
}
