/**
 * What a defect would cost, in failed requests, before it is found; and what it takes to be sure
 * that there is none. Expectations, by the growth rate of the evidence under what is assumed.
 */

/** Above this ratio of error rates the evidence of a failure hardly grows: bounds hold it. */
const RATIO_MAX = 2_000;

/** What the evidence pays for not knowing the defect: the mixture of bets. */
const MIXTURE_NATS = 1.5;

/** The part of the capital that the first start bets. */
const FIRST_START = 0.5;

/** Evidence for the canary grows slower than its best bet would, by about a third. */
const CLEARING_SLACK = 1.3;

/** The part of the capital that a bet on "not worse" has. */
const CLEARING_BET = 0.95;

/** A defect as it is assumed. */
export type Assumed = {
  /** Stable's error rate, above 0. */
  readonly rate: number;
  /** The canary's, above that. */
  readonly excess: number;
};

/**
 * By how much the logarithm of the evidence must grow until a canary is taken to be bad. `alpha`:
 * of the rollout. `part`: of alpha that errors have.
 */
export function natsToFind(alpha: number, part: number): number {
  return Math.log(1 / (alpha * part * FIRST_START)) + MIXTURE_NATS;
}

/** Failures above stable's until a defect is found at `weight`. Infinity: it is none. */
export function failuresToFind(weight: number, { rate, excess }: Assumed, nats: number): number {
  const bad = rate + excess;
  const ratio = Math.min(RATIO_MAX, bad / rate);
  const lift = 1 - weight + ratio * weight;
  const failures = weight * bad + (1 - weight) * rate;
  const gain = weight * bad * Math.log(ratio) - failures * Math.log(lift);
  return gain <= 0 ? Infinity : (nats * weight * excess) / gain;
}

/** PricedTraffic, and how long it takes until a decision shows in it. */
export type PricedTraffic = { readonly perSecond: number; readonly reactionS: number };

/** Failures above stable's that a defect costs at `weight`: until found, and until that shows. */
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
 * Requests of the canary until one that is as good as stable is shown to be not worse by
 * `assumed.excess`, wrongly in `beta` of all cases at most.
 */
export function requestsToClear(weight: number, { rate, excess }: Assumed, beta: number): number {
  const theta = rate / (rate + excess);
  const odds = weight / (1 - weight);
  const gain =
    rate * Math.log(theta) + (rate / odds) * Math.log1p((1 - theta) * odds) + excess * (1 - theta);
  return (CLEARING_SLACK * Math.log(1 / beta)) / (CLEARING_BET * gain);
}
