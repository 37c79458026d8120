import type { Random } from "../../proxy/base/random.ts";

/** First wait after a failure. */
const WAIT_MIN_MS = 100;
/** Longest wait, and so how late a sidecar may notice that Consul is back. */
const WAIT_MAX_MS = 5_000;

/**
 * How long to wait after `failures` failures in a row (1 …): doubles from 100 ms to 5 s. Half of it
 * is random, so that a fleet does not come back in step.
 */
export function backOffMs(failures: number, random: Random): number {
  const fullMs = Math.min(WAIT_MAX_MS, WAIT_MIN_MS * 2 ** Math.min(failures - 1, 16));
  return (fullMs / 2) * (1 + random.next());
}
