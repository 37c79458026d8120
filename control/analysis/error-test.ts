import { boundedFactor, Capital, KEPT } from "./capital.ts";
import type { CapitalBounds, CapitalState } from "./capital.ts";
import type { Counts } from "./second.ts";
import { StableRate } from "./stable-rate.ts";
import type { StableRateState } from "./stable-rate.ts";

/** What "worse" means for errors. */
export type ErrorMargin = {
  /** By how much the canary's error rate may exceed stable's and still count as no worse, 0 … 1. */
  readonly margin: number;
  /** The largest factor by which one second may multiply the evidence. */
  readonly cap: number;
};

/** All that a test has come to: plain data. */
export type ErrorTestState = {
  readonly worse: CapitalState;
  readonly stable: StableRateState;
  /** One for each excess that can be excluded. */
  readonly against: readonly number[];
  readonly canary: Counts;
  readonly expected: number;
  readonly variance: number;
};

/** Excess error rates that the evidence against the canary bets on, from a hair to everything. */
const DEFECTS = [0.001, 0.003, 0.01, 0.04, 0.2, 1] as const;

/** Excess error rates that the evidence for the canary can exclude, rising. */
const EXCLUDED = [
  0.0005, 0.00075, 0.001, 0.0015, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.08,
  0.12, 0.2, 0.3, 0.5, 0.75, 1,
] as const;

/** Bounds on what a second does to the evidence for the canary. */
const CLEARING: CapitalBounds = { keep: KEPT, cap: Infinity };

/** Evidence against an excess stops growing here: it is excluded beyond any doubt. */
const EXCLUDED_FOR_GOOD = 1e12;

/**
 * Compares the canary's errors with stable's of the same second, whatever the two rates are.
 *
 * Is it worse? The hypothesis is q₁ ≤ q₀ + a (1: canary, 0: stable, a: the margin). A second with
 * n requests and k failures multiplies a bet on the ratio θ > 1 by
 *
 *     θ^k₁ · λ^-(k₁ + k₀) · exp(−a (θ/λ − 1) n₁),   λ = 1 − W + θ W
 *
 * where W is the canary's share of the requests. For a = 0 that is the likelihood ratio of "given
 * an error, which version did it come from", in which the common rate cancels (Lindon, Malek:
 * Anytime-Valid Inference for Multinomial Count Data, NeurIPS 2022).
 *
 * Is it not worse by δ? The hypothesis is q₁ ≥ q₀ + δ, and the factor for θ < 1 is
 *
 *     θ^k₁ · (1 + (1−θ) r)^k₀ · exp(δ (1−θ) n₁),   r = W / (1−W)
 *
 * Under their hypotheses both have a mean of at most 1, because E[θ^k] ≤ exp((θ−1) n q).
 */
export class ErrorTest {
  readonly #margin: ErrorMargin;
  #worse: Capital;
  #stable = new StableRate();
  readonly #against = new Float64Array(EXCLUDED.length).fill(1);
  #canary: Counts = { requests: 0, failures: 0 };
  #expected = 0;
  #variance = 0;

  constructor(margin: ErrorMargin) {
    this.#margin = margin;
    this.#worse = new Capital(DEFECTS.length, { keep: KEPT, cap: margin.cap });
  }

  /** One that goes on where another was. */
  static from(state: ErrorTestState, margin: ErrorMargin): ErrorTest {
    const test = new ErrorTest(margin);
    test.#worse = Capital.from(state.worse, { keep: KEPT, cap: margin.cap });
    test.#stable = StableRate.from(state.stable);
    test.#against.set(state.against);
    test.#canary = state.canary;
    test.#expected = state.expected;
    test.#variance = state.variance;
    return test;
  }

  get state(): ErrorTestState {
    return {
      worse: this.#worse.state,
      stable: this.#stable.state,
      against: [...this.#against],
      canary: this.#canary,
      expected: this.#expected,
      variance: this.#variance,
    };
  }

  /** Evidence that the canary is worse: an e-value. */
  get worse(): number {
    return this.#worse.value;
  }

  get canary(): Counts {
    return this.#canary;
  }

  /** All of stable's requests, including those before the rollout. */
  get stable(): Counts {
    return this.#stable.total;
  }

  /** Stable's error rate: see StableRate.rate. */
  get stableRate(): number {
    return this.#stable.rate;
  }

  /** Failures that the canary would have had at stable's rate in the same seconds. */
  get expectedFailures(): number {
    return this.#expected;
  }

  /** The canary's failures beyond those; below 0 if it had fewer. */
  get excessFailures(): number {
    return this.#canary.failures - this.#expected;
  }

  /** Standard error of `excessFailures`. */
  get excessError(): number {
    return Math.sqrt(this.#variance);
  }

  /**
   * With probability 1 − `beta` the canary's error rate exceeds stable's by less than this, no
   * matter how often somebody looks.
   */
  upperExcess(beta: number): number {
    const excluded = this.#against.findLastIndex((evidence) => evidence < 1 / beta) + 1;
    return EXCLUDED[excluded] ?? 1;
  }

  /** Adds a second of stable alone, before the rollout. */
  remember(stable: Counts): void {
    this.#stable.add(stable);
  }

  /** Gives the evidence against the canary a fresh start. */
  start(): void {
    this.#worse.start();
  }

  /** Adds a second of both. `share`: the canary's of the requests; 0 and 1 compare nothing. */
  add(canary: Counts, stable: Counts, share: number): void {
    if (share > 0 && share < 1 && (canary.requests > 0 || stable.failures > 0)) {
      this.#compare(canary, stable, share);
    }
    this.#canary = {
      requests: this.#canary.requests + canary.requests,
      failures: this.#canary.failures + canary.failures,
    };
    this.#stable.add(stable);
  }

  /** An independent copy. */
  clone(): ErrorTest {
    return ErrorTest.from(this.state, this.#margin);
  }

  #compare(canary: Counts, stable: Counts, share: number): void {
    const { rate } = this.#stable;
    const odds = share / (1 - share);
    for (let bet = 0; bet < DEFECTS.length; bet += 1) {
      const ratio = 1 + (DEFECTS[bet] as number) / rate;
      this.#worse.settle(bet, this.#logWorse(canary, stable.failures, share, ratio));
    }
    for (let index = 0; index < EXCLUDED.length; index += 1) {
      const before = this.#against[index] as number;
      const delta = EXCLUDED[index] as number;
      if (before >= EXCLUDED_FOR_GOOD) continue;
      const log = logNotWorse(canary, stable.failures, odds, { rate, delta });
      this.#against[index] = before * boundedFactor(log, CLEARING);
    }
    this.#expected += stable.failures * odds;
    this.#variance += canary.failures + stable.failures * odds * odds;
  }

  #logWorse(canary: Counts, stableFailures: number, share: number, ratio: number): number {
    const lift = 1 - share + ratio * share;
    const failures = canary.failures + stableFailures;
    const gain = failures === 0 ? 0 : canary.failures * Math.log(ratio) - failures * Math.log(lift);
    return gain - this.#margin.margin * (ratio / lift - 1) * canary.requests;
  }
}

function logNotWorse(
  canary: Counts,
  stableFailures: number,
  odds: number,
  { rate, delta }: { readonly rate: number; readonly delta: number },
): number {
  const theta = rate / (rate + delta);
  let log = delta * (1 - theta) * canary.requests;
  if (canary.failures > 0) log += canary.failures * Math.log(theta);
  if (stableFailures > 0) log += stableFailures * Math.log1p((1 - theta) * odds);
  return log;
}
