import { CanaryShare } from "./canary-share.ts";
import type { CanaryShareState } from "./canary-share.ts";
import { ErrorEvidence } from "./error-evidence.ts";
import type { ErrorEvidenceState } from "./error-evidence.ts";
import type { JudgePolicy } from "./judge-policy.ts";
import { LatencyTest } from "./latency-test.ts";
import type { LatencyTestState } from "./latency-test.ts";
import type { Arm, Second } from "./second.ts";
import { StablePast } from "./stable-past.ts";
import type { StablePastState } from "./stable-past.ts";

/** How long latency bounds are kept: they follow a mean over a minute. */
const AIM_S = 10;

/** All that evidence has come to: plain data. `step` absent: there has been no second yet. */
export type EvidenceState = {
  readonly errors: ErrorEvidenceState;
  /** In the policy's order. */
  readonly latency: readonly LatencyTestState[];
  readonly past: StablePastState;
  readonly share: CanaryShareState;
  readonly step?: number | undefined;
  readonly sinceStartS: number;
  readonly sinceAimS: number;
};

/** The weighted evidence against a canary, and how many of its requests failed. */
export type Against = {
  readonly byErrors: number;
  readonly byLatency: number;
  readonly failures: number;
};

/** Whether that is enough to abort. Errors count only from `failuresMin` failures on. */
export function isBad({ alpha, errors }: JudgePolicy, against: Against): boolean {
  const { byErrors, byLatency, failures } = against;
  if (byErrors + byLatency < 1 / alpha) return false;
  return failures >= errors.failuresMin || byLatency >= 1 / alpha;
}

/**
 * All evidence about one rollout, folded from its seconds in order. Nothing else goes in, so the
 * same seconds give the same evidence, bit for bit.
 */
export class Evidence {
  readonly policy: JudgePolicy;
  readonly errors: ErrorEvidence;
  readonly latency: readonly LatencyTest[];
  readonly #past: StablePast;
  readonly #share: CanaryShare;
  /** undefined: there has been no second yet. */
  #step: number | undefined;
  #sinceStartS: number;
  #sinceAimS: number;

  /** `before`: where it goes on, by the same policy. Absent: it begins. */
  constructor(policy: JudgePolicy, before?: EvidenceState) {
    const { warmUpFactor: factor } = policy;
    this.policy = policy;
    this.errors = new ErrorEvidence(policy.errors, before?.errors);
    this.latency = policy.latency.map(
      (metric, index) => new LatencyTest(metric, factor, before?.latency[index]),
    );
    this.#past = new StablePast(before?.past);
    this.#share = new CanaryShare(before?.share);
    this.#step = before?.step;
    this.#sinceStartS = before?.sinceStartS ?? 0;
    this.#sinceAimS = before?.sinceAimS ?? AIM_S;
  }

  get state(): EvidenceState {
    return {
      errors: this.errors.state,
      latency: this.latency.map(({ state }) => state),
      past: this.#past.state,
      share: this.#share.state,
      step: this.#step,
      sinceStartS: this.#sinceStartS,
      sinceAimS: this.#sinceAimS,
    };
  }

  /** Adds a second of stable before the rollout: the first bounds and bets come from these. */
  remember(stable: Arm): void {
    this.#past.add(stable.latencies);
    this.errors.remember(stable);
  }

  /** Adds a second of the rollout. */
  add(second: Second): void {
    const { stable, canary, weight } = second;
    this.#startIfDue(second.step);
    this.#aimIfDue();
    const requests = stable.requests + canary.requests;
    if (requests > 0) {
      const share = this.#share.of(weight, canary.requests, requests);
      this.errors.add(canary, stable, share);
      const cold = second.ageS < this.policy.warmUpS;
      for (const test of this.latency) test.add(canary, stable, share, cold);
    }
    this.#share.add(canary.requests, requests);
    this.#past.add(stable.latencies);
  }

  /** Which latencies have been shown to be no slower, in the policy's order. */
  get latencyFine(): readonly boolean[] {
    return this.latency.map(({ test }) => test.fewer >= 1 / this.policy.beta);
  }

  /** The canary's requests that have counted as evidence on latency. */
  get latencyRequests(): number {
    return this.latency[0]?.test.canary.requests ?? 0;
  }

  /** The weighted mean of all evidence. It reaches `limit` in at most alpha of good rollouts. */
  get against(): number {
    return this.againstByErrors + this.againstByLatency;
  }

  get againstByErrors(): number {
    return this.policy.errors.part * this.errors.worse;
  }

  get againstByLatency(): number {
    return this.latency.reduce((sum, { test, part }) => sum + part * test.more, 0);
  }

  /** Evidence from which on the canary counts as bad. */
  get limit(): number {
    return 1 / this.policy.alpha;
  }

  /** See isBad(). */
  get bad(): boolean {
    const { failures } = this.errors.whole.canary;
    const { againstByErrors: byErrors, againstByLatency: byLatency } = this;
    return isBad(this.policy, { byErrors, byLatency, failures });
  }

  #startIfDue(step: number): void {
    const isNewStep = step !== this.#step;
    if (isNewStep) this.#share.restart();
    if (this.#step !== undefined && (isNewStep || this.#sinceStartS >= this.policy.freshStartS)) {
      this.errors.start();
      for (const test of this.latency) test.start();
      this.#sinceStartS = 0;
    }
    if (isNewStep) this.#sinceAimS = AIM_S;
    this.#step = step;
    this.#sinceStartS += 1;
  }

  #aimIfDue(): void {
    if (this.#sinceAimS >= AIM_S) {
      for (const test of this.latency) test.aim(this.#past);
      this.#sinceAimS = 0;
    }
    this.#sinceAimS += 1;
  }
}
