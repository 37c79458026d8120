/** What came of a trial. */
export type Outcome = {
  /** Which part of the requests was not answered with 200, 0 … 1. */
  readonly failed: number;
  /** Of those that were: how long 99 of 100 took, in ms. */
  readonly p99Ms: number;
};

/** Differences that runs of the same have: a part of all requests, and a factor. */
const NOISE = { failed: 0.01, p99: 1.25 };

/**
 * Whether nobody is better: fewer requests fail, by more than a hundredth of all; or as few do, and
 * the 99th percentile is lower by more than a quarter and by more than `noiseMs`.
 */
export function isBest(own: Outcome, others: readonly Outcome[], noiseMs: number): boolean {
  return others.every((other) => {
    if (other.failed < own.failed - NOISE.failed) return false;
    if (other.failed > own.failed + NOISE.failed) return true;
    return own.p99Ms <= Math.max(other.p99Ms * NOISE.p99, other.p99Ms + noiseMs);
  });
}
