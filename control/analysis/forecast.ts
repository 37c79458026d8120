import { seededRandom } from "../../proxy/base/random.ts";
import { Draws } from "./draws.ts";
import type { Evidence } from "./evidence.ts";
import { ImaginedRollout } from "./imagined-rollout.ts";
import type { Truth } from "./imagined-rollout.ts";
import type { RampPolicy } from "./judge-policy.ts";
import type { RampState } from "./next-weight.ts";
import { STABLE_PRIOR } from "./stable-rate.ts";
import { drawExcess, drawSlowShare, likelyExcesses } from "./posterior.ts";

/** Futures played: with fewer, the ends of an interval jump from one look to the next. */
const FUTURES = 100;

/** How far ahead is played: nobody plans further. */
const HORIZON_S = 900;

/** Uncertainty of the requests per second: the standard deviation of a factor's logarithm. */
const TRAFFIC_SPREAD = 0.15;

/** 9 of 10 futures lie within `low` … `high`, and half of them below `middle`. */
export type Interval = { readonly low: number; readonly middle: number; readonly high: number };

/** What is still to come if the rollout goes on as it has begun. */
export type Forecast = {
  /** Seconds until the canary has all traffic or is out. Infinity: later than the horizon. */
  readonly endS: Interval;
  /** The part of the futures that end this way, 0 … 1. */
  readonly promoted: number;
  readonly aborted: number;
  /** Failures beyond stable's that are still to come: in all, and at the next weight. */
  readonly harm: Interval;
  readonly nextHarm: Interval;
  /** The next weight in most futures. */
  readonly nextWeight: number;
};

/**
 * Plays the rest of a rollout by its own rules, each time with a truth drawn from what the evidence
 * allows. Pure: the same seed gives the same forecast.
 */
export function forecast(
  evidence: Evidence,
  ramp: RampPolicy,
  state: RampState,
  seed: number,
): Forecast {
  const draws = new Draws(seededRandom(seed));
  const truthOf = truths(evidence, state, draws);
  const futures = Array.from({ length: FUTURES }, () => {
    return new ImaginedRollout(evidence, ramp, state, truthOf(), draws).play(HORIZON_S);
  });
  const part = (end: string): number =>
    futures.filter((future) => future.end === end).length / FUTURES;
  return {
    endS: intervalOf(futures.map(({ endS }) => endS)),
    promoted: part("promoted"),
    aborted: part("aborted"),
    harm: intervalOf(futures.map(({ harm }) => harm)),
    nextHarm: intervalOf(futures.map(({ nextHarm }) => nextHarm)),
    nextWeight: intervalOf(futures.map((future) => future.nextWeight)).middle,
  };
}

/** Draws truths that the evidence allows. */
function truths(evidence: Evidence, state: RampState, draws: Draws): () => Truth {
  const { canary, stable, expectedFailures } = evidence.errors.whole;
  const excesses = likelyExcesses({ ...canary, expected: expectedFailures });
  const seen = evidence.latency.map(({ likeStable, test }) => {
    return { likeStable, requests: test.canary.requests, slow: test.canary.hits };
  });
  return () => ({
    excess: drawExcess(excesses, draws),
    stableRate:
      draws.gamma(stable.failures + STABLE_PRIOR.failures) /
      (stable.requests + STABLE_PRIOR.requests),
    perSecond: state.perSecond * Math.exp(TRAFFIC_SPREAD * draws.normal()),
    slow: seen.map((latency) => drawSlowShare(latency, draws)),
  });
}

function intervalOf(values: readonly number[]): Interval {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (part: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] as number;
  return { low: at(0.05), middle: at(0.5), high: at(0.95) };
}
