/**
 * What a defect would cost in failed requests before it is found, and how many requests it takes to
 * be sure that there is none. Both are expectations, from how fast the evidence would grow.
 */

/** Above this ratio of error rates the evidence per failure hardly grows: it is bounded. */
const RATIO_MAX = 2_000;

/** What a mixture of bets costs compared with the best bet, as nobody knows the defect. */
const MIXTURE_NATS = 1.5;

/** The part of the capital that the first start bets: see Capital. */
const FIRST_START = 0.5;

/** Evidence for the canary grows about a third slower than its best bet would. */
const CLEARING_SLACK = 1.3;

/** The part of the capital that is bet on "not worse". */
const CLEARING_BET = 0.95;

/** An assumed defect. */
export type Assumed = {
  /** Stable's error rate, above 0. */
  readonly rate: number;
  /** How much higher the canary's is. */
  readonly excess: number;
};

/**
 * By how much the logarithm of the evidence must grow before a canary counts as bad. `alpha`: of
 * the rollout. `part`: the part of alpha that errors have.
 */
export function natsToFind(alpha: number, part: number): number {
  return Math.log(1 / (alpha * part * FIRST_START)) + MIXTURE_NATS;
}

/** Failures beyond stable's until a defect is found at `weight`. Infinity: there is none. */
export function failuresToFind(weight: number, { rate, excess }: Assumed, nats: number): number {
  const bad = rate + excess;
  const ratio = Math.min(RATIO_MAX, bad / rate);
  const lift = 1 - weight + ratio * weight;
  const failures = weight * bad + (1 - weight) * rate;
  const gain = weight * bad * Math.log(ratio) - failures * Math.log(lift);
  return gain <= 0 ? Infinity : (nats * weight * excess) / gain;
}

/** Requests per second, and how long it takes for a decision to show in them. */
export type PricedTraffic = { readonly perSecond: number; readonly reactionS: number };

/** Failures beyond stable's that a defect costs at `weight`: until found, and until removed. */
export function priceOf(
  weight: number,
  assumed: Assumed,
  traffic: PricedTraffic,
  nats: number,
): number {
  const late = assumed.excess * weight * traffic.perSecond * traffic.reactionS;
  return failuresToFind(weight, assumed, nats) + late;
}

/**
 * Requests that a canary as good as stable needs before it is shown not to be worse by `excess`. A
 * worse one gets there in at most `beta` of all cases.
 */
export function requestsToClear(weight: number, { rate, excess }: Assumed, beta: number): number {
  const theta = rate / (rate + excess);
  const odds = weight / (1 - weight);
  const gain =
    rate * Math.log(theta) + (rate / odds) * Math.log1p((1 - theta) * odds) + excess * (1 - theta);
  return (CLEARING_SLACK * Math.log(1 / beta)) / (CLEARING_BET * gain);
}
