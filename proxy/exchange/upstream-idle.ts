/** Left between the peer's idle timeout and ours, for what is on the wire. */
const UPSTREAM_IDLE_MARGIN_MS = 1_000;

const KEEP_ALIVE_TIMEOUT = /(?:^|[\s,;])timeout=(\d{1,6})(?:$|[\s,;])/i;

/**
 * How long a connection may idle by the peer's Keep-Alive field (`timeout=5`), in ms. 0: not at
 * all. undefined: it does not say.
 */
export function upstreamIdleMs(keepAlive: string | undefined): number | undefined {
  const seconds = keepAlive === undefined ? undefined : KEEP_ALIVE_TIMEOUT.exec(keepAlive)?.[1];
  if (seconds === undefined) return undefined;
  return Math.max(0, Number(seconds) * 1000 - UPSTREAM_IDLE_MARGIN_MS);
}
