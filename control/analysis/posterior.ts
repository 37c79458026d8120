import { logGamma } from "./log-gamma.ts";

/** Excess error rates that a canary may have, and their prior probabilities. */
const EXCESSES = [0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1] as const;
const GOOD = 0.8;
const EACH_DEFECT = 0.02;

/** How far an excess may lie off the grid: the standard deviation of a factor's logarithm. */
const BETWEEN = 0.35;

/** Failures that just happen: without them a single one would rule out a good canary. */
const STRAY_FAILURES = 0.05;

/** The part of canaries that are exactly as fast as stable. */
const SAME_LATENCY = 0.9;

/** How many requests the prior weighs as much as, that a canary's share is near stable's. */
const SHARE_REQUESTS = 20;

/** The canary's errors so far. */
export type SeenErrors = {
  readonly requests: number;
  readonly failures: number;
  /** Failures that stable's rate would have given. */
  readonly expected: number;
};

/** An excess of the error rate with its probability. */
export type LikelyExcess = { readonly excess: number; readonly probability: number };

/** The posterior of the canary's excess error rate. The probabilities sum to 1. */
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

/** A source of randomness. */
type Chance = { uniform(): number; normal(): number; beta(a: number, b: number): number };

/** Draws an excess by its probability, and moves it a little off the grid. 0 … 1. */
export function drawExcess(likely: readonly LikelyExcess[], chance: Chance): number {
  let left = chance.uniform();
  const drawn = likely.find(({ probability }) => (left -= probability) < 0) ?? likely.at(-1);
  if (drawn === undefined || drawn.excess === 0) return 0;
  return Math.min(1, drawn.excess * Math.exp(BETWEEN * chance.normal()));
}

/** The canary's latency at one quantile so far. */
export type SeenLatency = {
  /** The share of slow requests of a canary that is exactly as fast as stable, 0 … 1. */
  readonly likeStable: number;
  readonly requests: number;
  readonly slow: number;
};

/** Draws the canary's share of slow requests from its posterior. 0 … 1. */
export function drawSlowShare(seen: SeenLatency, chance: Chance): number {
  const { likeStable, requests, slow } = seen;
  if (chance.uniform() < probablySame(seen)) {
    return Math.min(1, likeStable * Math.exp(0.05 * chance.normal()));
  }
  const { a, b } = slowPrior(likeStable);
  return chance.beta(a + slow, b + requests - slow);
}

/** The probability that the canary is exactly as fast as stable: a Bayes factor of two models. */
function probablySame({ likeStable, requests, slow }: SeenLatency): number {
  if (likeStable <= 0 || likeStable >= 1 || requests === 0) return SAME_LATENCY;
  const { a, b } = slowPrior(likeStable);
  const fast = requests - slow;
  const same = slow * Math.log(likeStable) + fast * Math.log1p(-likeStable);
  const other = logBeta(a + slow, b + fast) - logBeta(a, b);
  const odds = (1 - SAME_LATENCY) / SAME_LATENCY;
  // Above 700 the exponential overflows, and the probability is 0 anyway.
  return 1 / (1 + odds * Math.exp(Math.min(700, other - same)));
}

function slowPrior(likeStable: number): { readonly a: number; readonly b: number } {
  return { a: SHARE_REQUESTS * likeStable + 0.5, b: SHARE_REQUESTS * (1 - likeStable) + 0.5 };
}

function logBeta(a: number, b: number): number {
  return logGamma(a) + logGamma(b) - logGamma(a + b);
}
