import type { Draws } from "./draws.ts";
import type { ErrorTest } from "./error-test.ts";
import { isBad } from "./evidence.ts";
import type { Evidence } from "./evidence.ts";
import type { JudgePolicy, RampPolicy } from "./judge-policy.ts";
import { nextWeight } from "./next-weight.ts";
import type { RampState } from "./next-weight.ts";
import type { ShareTest } from "./share-test.ts";

/** Delay between a decision and its effect. */
const LAG_S = 1;

/** One way the canary and its traffic may really be. Rates are 0 … 1. */
export type Truth = {
  readonly stableRate: number;
  /** How much higher the canary's error rate is. */
  readonly excess: number;
  readonly perSecond: number;
  /** The canary's share of slow requests, by latency metric. */
  readonly slow: readonly number[];
};

/** How an imagined rollout ended. */
export type Imagined = {
  readonly end: "promoted" | "aborted" | "undecided";
  /** Seconds until then. Infinity: undecided. */
  readonly endS: number;
  /** Failures beyond stable's: in all, and while the next weight was in force. */
  readonly harm: number;
  readonly nextHarm: number;
  /** The weight that followed the current one; the current one if it was the last. */
  readonly nextWeight: number;
};

type Latency = {
  readonly test: ShareTest;
  readonly part: number;
  readonly aimed: boolean;
  readonly expected: number;
  readonly slow: number;
};

/**
 * The rest of a rollout as it would go if a given truth held: played second by second, by the same
 * rules that decide the real one.
 */
export class ImaginedRollout {
  readonly #policy: JudgePolicy;
  readonly #ramp: RampPolicy;
  readonly #draws: Draws;
  readonly #truth: Truth;
  readonly #errors: ErrorTest;
  readonly #latency: readonly Latency[];
  /** Evidence on latency so far; it stays the same until the canary is warm. */
  readonly #againstBefore: number;
  #state: RampState;
  #latencyRequests: number;
  #next: { readonly weight: number; readonly inS: number } | undefined;
  #raised = 0;
  #nextWeight: number;
  #harm = 0;
  #nextHarm = 0;

  constructor(evidence: Evidence, ramp: RampPolicy, state: RampState, truth: Truth, draws: Draws) {
    this.#policy = evidence.policy;
    this.#ramp = ramp;
    this.#draws = draws;
    this.#truth = truth;
    this.#errors = evidence.errors.whole.clone();
    this.#latency = evidence.latency.map((metric, index) => ({
      test: metric.test.clone(),
      part: metric.part,
      aimed: metric.aimed,
      expected: metric.expectedShare,
      slow: truth.slow[index] ?? 0,
    }));
    this.#againstBefore = evidence.againstByLatency;
    this.#state = { ...state, perSecond: truth.perSecond };
    this.#latencyRequests = evidence.latencyRequests;
    this.#nextWeight = state.weight;
  }

  /** Plays at most `horizonS` seconds. */
  play(horizonS: number): Imagined {
    for (let second = 0; second < horizonS; second += 1) {
      this.#followDecision();
      if (this.#state.weight >= 1) return this.#ended("promoted", second);
      this.#tick();
      if (this.#isBad()) {
        this.#addHarm(this.#truth.perSecond * this.#state.weight * LAG_S);
        return this.#ended("aborted", second + 1 + LAG_S);
      }
      this.#decide();
    }
    return this.#ended("undecided", Infinity);
  }

  #followDecision(): void {
    const next = this.#next;
    if (next === undefined) return;
    this.#next = next.inS > 1 ? { ...next, inS: next.inS - 1 } : undefined;
    if (this.#next !== undefined) return;
    this.#state = { ...this.#state, weight: next.weight, stepS: 0 };
    this.#raised += 1;
    if (this.#raised === 1) this.#nextWeight = next.weight;
    this.#errors.start();
    for (const { test } of this.#latency) test.start();
  }

  #tick(): void {
    const { perSecond, stableRate, excess } = this.#truth;
    const { weight } = this.#state;
    const draws = this.#draws;
    const canary = draws.poisson(perSecond * weight);
    const stable = draws.poisson(perSecond * (1 - weight));
    const failures = draws.binomial(canary, Math.min(1, stableRate + excess));
    const stableFailures = draws.binomial(stable, stableRate);
    this.#errors.add(
      { requests: canary, failures },
      { requests: stable, failures: stableFailures },
      weight,
    );
    this.#addHarm(canary);
    const { stepS, totalS } = this.#state;
    this.#state = { ...this.#state, stepS: stepS + 1, totalS: totalS + 1 };
    if (this.#isWarm) this.#tickLatency(canary, stable);
  }

  #tickLatency(canary: number, stable: number): void {
    this.#latencyRequests += canary;
    for (const { test, aimed, expected, slow } of this.#latency) {
      if (!aimed) continue;
      const slowCanary = this.#draws.binomial(canary, slow);
      const slowStable = this.#draws.binomial(stable, expected);
      const second = {
        canary: { requests: canary, hits: slowCanary },
        stable: { requests: stable, hits: slowStable },
        share: this.#state.weight,
        expected,
      };
      test.addForMore(second);
      test.addForFewer(second);
    }
  }

  get #isWarm(): boolean {
    return this.#state.totalS > this.#policy.warmUpS;
  }

  #isBad(): boolean {
    const byLatency = this.#isWarm
      ? this.#latency.reduce((sum, { test, part }) => sum + part * test.more, 0)
      : this.#againstBefore;
    const byErrors = this.#policy.errors.part * this.#errors.worse;
    const { failures } = this.#errors.canary;
    return isBad(this.#policy, { byErrors, byLatency, failures });
  }

  #decide(): void {
    if (this.#next !== undefined) return;
    const view = {
      policy: this.#policy,
      errors: this.#errors,
      upperExcess: this.#errors.upperExcess(this.#policy.beta),
      latencyFine: this.#latency.map(({ test }) => test.fewer >= 1 / this.#policy.beta),
      latencyRequests: this.#latencyRequests,
    };
    const { weight } = nextWeight(view, this.#ramp, this.#state);
    if (weight !== this.#state.weight) this.#next = { weight, inS: LAG_S + 1 };
  }

  #addHarm(requests: number): void {
    const harm = this.#truth.excess * requests;
    this.#harm += harm;
    if (this.#raised === 1) this.#nextHarm += harm;
  }

  #ended(end: Imagined["end"], endS: number): Imagined {
    return {
      end,
      endS,
      harm: this.#harm,
      nextHarm: this.#nextHarm,
      nextWeight: this.#nextWeight,
    };
  }
}
