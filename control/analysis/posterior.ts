import { logGamma } from "./log-gamma.ts";

/** Excesses of the error rate that a canary may have, and what is thought of each beforehand. */
const EXCESSES = [0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1] as const;
const GOOD = 0.8;
const EACH_DEFECT = 0.02;

/** How far an excess may lie from its place on the grid, as a factor's logarithm. */
const BETWEEN = 0.35;

/** Failures that happen for no reason: without them one would exclude a good canary. */
const STRAY_FAILURES = 0.05;

/** The part of canaries whose latencies are stable's. */
const SAME_LATENCY = 0.9;

/** How many requests the belief that a slow canary's share lies near stable's weighs as much as. */
const SHARE_REQUESTS = 20;

/** What has been seen of the canary's errors. */
export type SeenErrors = {
  readonly requests: number;
  readonly failures: number;
  /** Failures at stable's rate. */
  readonly expected: number;
};

/** An excess of the error rate with its probability. */
export type LikelyExcess = { readonly excess: number; readonly probability: number };

/** What the canary's excess of errors may be after what has been seen. They sum to 1. */
export function likelyExcesses(seen: SeenErrors): readonly LikelyExcess[] {
  const { requests, failures, expected } = seen;
  const logs = EXCESSES.map((excess) => {
    const mean = expected + requests * excess + STRAY_FAILURES;
    const prior = excess === 0 ? GOOD : EACH_DEFECT;
    return Math.log(prior) + failures * Math.log(mean) - requests * excess;
  });
  const most = Math.max(...logs);
  const sum = logs.reduce((total, log) => total + Math.exp(log - most), 0);
  return EXCESSES.map((excess, index) => {
    return { excess, probability: Math.exp((logs[index] as number) - most) / sum };
  });
}

/** Where chance is taken from. */
type Chance = { uniform(): number; normal(): number; beta(a: number, b: number): number };

/** One of the excesses, by its probability, moved a little off the grid. 0 … 1. */
export function drawExcess(likely: readonly LikelyExcess[], chance: Chance): number {
  let left = chance.uniform();
  const drawn = likely.find(({ probability }) => (left -= probability) < 0) ?? likely.at(-1);
  if (drawn === undefined || drawn.excess === 0) return 0;
  return Math.min(1, drawn.excess * Math.exp(BETWEEN * chance.normal()));
}

/** What has been seen of the canary's latency at one quantile. */
export type SeenLatency = {
  /** The share of slow requests that a canary like stable has, 0 … 1. */
  readonly likeStable: number;
  readonly requests: number;
  readonly slow: number;
};

/** A share of slow requests that the canary may have after what has been seen. 0 … 1. */
export function drawSlowShare(seen: SeenLatency, chance: Chance): number {
  const { likeStable, requests, slow } = seen;
  if (chance.uniform() < probablySame(seen)) {
    return Math.min(1, likeStable * Math.exp(0.05 * chance.normal()));
  }
  const { a, b } = slowPrior(likeStable);
  return chance.beta(a + slow, b + requests - slow);
}

/** The probability that the canary's latencies are stable's: Bayes' factor of two models. */
function probablySame({ likeStable, requests, slow }: SeenLatency): number {
  if (likeStable <= 0 || likeStable >= 1 || requests === 0) return SAME_LATENCY;
  const { a, b } = slowPrior(likeStable);
  const fast = requests - slow;
  const same = slow * Math.log(likeStable) + fast * Math.log1p(-likeStable);
  const other = logBeta(a + slow, b + fast) - logBeta(a, b);
  const odds = (1 - SAME_LATENCY) / SAME_LATENCY;
  // Beyond this the exponential overflows, and the probability is 0 anyway.
  return 1 / (1 + odds * Math.exp(Math.min(700, other - same)));
}

function slowPrior(likeStable: number): { readonly a: number; readonly b: number } {
  return { a: SHARE_REQUESTS * likeStable + 0.5, b: SHARE_REQUESTS * (1 - likeStable) + 0.5 };
}

function logBeta(a: number, b: number): number {
  return logGamma(a) + logGamma(b) - logGamma(a + b);
}
