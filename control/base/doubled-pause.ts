import type { Random } from "../../proxy/base/random.ts";

/** The pause after the first failure, and the longest. */
export type PauseRange = { readonly minMs: number; readonly maxMs: number };

/** So many doublings are more than any range has. */
const DOUBLINGS_MAX = 32;

/**
 * How long to wait after `failures` failures in a row (1 …): each time twice as long, within the
 * range. Half of it is random, so that those who failed together do not come back in step.
 */
export function doubledPauseMs(range: PauseRange, failures: number, random: Random): number {
  const doublings = Math.min(failures - 1, DOUBLINGS_MAX);
  const fullMs = Math.min(range.maxMs, range.minMs * 2 ** doublings);
  return (fullMs / 2) * (1 + random.next());
}
