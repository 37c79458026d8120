import { Evidence } from "./evidence.ts";
import type { EvidenceState } from "./evidence.ts";
import type { RolloutPolicy } from "./judge-policy.ts";
import { missing, nextWeight } from "./next-weight.ts";
import type { RampRule, RampView } from "./next-weight.ts";
import type { Arm, Second } from "./second.ts";
import { StepTally } from "./step-tally.ts";
import type { StepTallyState } from "./step-tally.ts";

/** Everything that is known of a rollout. */
export type RolloutHistory = {
  /** Seconds of stable before it began, oldest first. */
  readonly before: readonly Arm[];
  readonly seconds: readonly Second[];
};

/** All that a judge has come to: plain data, which does not grow with the seconds. */
export type RolloutJudgeState = {
  readonly evidence: EvidenceState;
  readonly tally: StepTallyState;
};

/** Why it was decided this way; the first reason is the one that decided. */
export type Reason = {
  readonly rule:
    | RampRule
    | "evidence"
    | "no-canary-traffic"
    | "no-stable-traffic"
    | "few-requests"
    | "hold-max";
  readonly text: string;
};

/** What one metric says. */
export type MetricVerdict = {
  /** `errors`, `p50`, `p95` and so on. */
  readonly name: string;
  /** Evidence against the canary: an e-value, 1 before anything is known. */
  readonly against: number;
  /** Its part of alpha. */
  readonly part: number;
  /** Whether it has been shown to be no worse. */
  readonly fine: boolean;
};

/** What should happen now. */
export type RolloutVerdict = {
  readonly state: "running" | "passed" | "failed" | "inconclusive";
  readonly action: "hold" | "raise" | "promote" | "pause" | "abort";
  /** The share that the canary should then have, 0 … 1. */
  readonly weight: number;
  readonly reasons: readonly Reason[];
  /** What must still be shown before it may have all traffic. Empty: nothing. */
  readonly missing: readonly string[];
  /** Evidence against the canary over all metrics, and how much is enough. */
  readonly against: number;
  readonly limit: number;
  readonly metrics: readonly MetricVerdict[];
  /** The canary's failures beyond stable's, with their standard error. */
  readonly excessFailures: number;
  readonly excessError: number;
  /** An upper bound on its excess error rate, 0 … 1. */
  readonly excessRateMax: number;
};

type Outcome = Pick<RolloutVerdict, "state" | "action" | "weight" | "reasons">;

/**
 * Judges a rollout from its beginning. Pure: the same history and policy give the same verdict, bit
 * for bit. `weightMax`: as in RampState.
 */
export function judgeRollout(
  history: RolloutHistory,
  policy: RolloutPolicy,
  weightMax = 1,
): RolloutVerdict {
  const judge = new RolloutJudge(policy);
  for (const stable of history.before) judge.remember(stable);
  for (const second of history.seconds) judge.add(second);
  return judge.verdict(weightMax);
}

/**
 * The same, second by second as they come: what it holds does not grow with them. Nothing but the
 * seconds in their order decides.
 */
export class RolloutJudge {
  readonly evidence: Evidence;
  readonly #policy: RolloutPolicy;
  readonly #tally: StepTally;

  /** `before`: where it goes on, by the same policy. Absent: it begins. */
  constructor(policy: RolloutPolicy, before?: RolloutJudgeState) {
    this.#policy = policy;
    this.evidence = new Evidence(policy.judge, before?.evidence);
    this.#tally = new StepTally(before?.tally);
  }

  get state(): RolloutJudgeState {
    return { evidence: this.evidence.state, tally: this.#tally.state };
  }

  /** Requests and time at the weight in force, and before. */
  get tally(): StepTally {
    return this.#tally;
  }

  /** A second of stable alone, before the canary's first weight. */
  remember(stable: Arm): void {
    this.evidence.remember(stable);
    this.#tally.remember(stable);
  }

  /** A second with both. */
  add(second: Second): void {
    this.evidence.add(second);
    this.#tally.add(second);
  }

  /** What should happen now. `weightMax`: as in RampState. */
  verdict(weightMax = 1): RolloutVerdict {
    const { evidence } = this;
    const { whole } = evidence.errors;
    // Once: it asks each endpoint's evidence for its bounds.
    const view = viewOf(evidence);
    return {
      ...outcomeOf(evidence, view, this.#tally, this.#policy, weightMax),
      missing: missing(view, this.#policy.ramp),
      against: evidence.against,
      limit: evidence.limit,
      metrics: metricsOf(evidence, view, this.#policy),
      excessFailures: whole.excessFailures,
      excessError: whole.excessError,
      excessRateMax: view.upperExcess,
    };
  }
}

/** The evidence as a ramp looks at it. */
export function viewOf(evidence: Evidence): RampView {
  const { policy, latencyFine, latencyRequests } = evidence;
  const { whole: errors } = evidence.errors;
  const upperExcess = evidence.errors.upperExcess(policy.beta);
  return { policy, errors, upperExcess, latencyFine, latencyRequests };
}

function outcomeOf(
  evidence: Evidence,
  view: RampView,
  tally: StepTally,
  policy: RolloutPolicy,
  weightMax: number,
): Outcome {
  if (evidence.bad) return { ...ABORT, reasons: [whyBad(evidence)] };
  const { weight, stepS, totalS, perSecond } = tally;
  if (weight > 0) {
    const lacking = tooFew(tally, policy.patience.requestsMin);
    if (lacking !== undefined) return inconclusive([lacking], weight, stepS, policy);
  }
  const state = { weight, stepS, totalS, perSecond, weightMax };
  const next = nextWeight(view, policy.ramp, state);
  const { rule, text } = next;
  const why: Reason = { rule, text };
  if (next.weight >= 1) return { state: "passed", action: "promote", weight: 1, reasons: [why] };
  if (next.weight > weight) {
    return { state: "running", action: "raise", weight: next.weight, reasons: [why] };
  }
  const open = missing(view, policy.ramp);
  const reasons = [why, ...open.map((each): Reason => ({ rule: "incomplete", text: each }))];
  const isStuck = open.length > 0 || rule === "capacity";
  if (isStuck && stepS >= policy.patience.holdMaxS) {
    return inconclusive(reasons, weight, stepS, policy);
  }
  return { state: "running", action: "hold", weight, reasons };
}

const ABORT = { state: "failed", action: "abort", weight: 0 } as const;

function whyBad(evidence: Evidence): Reason {
  const { canary, expectedFailures } = evidence.errors.whole;
  const byLatency = evidence.latency.map((test) => {
    return { name: test.name, against: test.part * test.test.more };
  });
  const all = [{ name: "errors", against: evidence.againstByErrors }, ...byLatency];
  const loudest = all.reduce((most, each) => (each.against > most.against ? each : most));
  const text =
    `${loudest.name}: evidence ${evidence.against.toPrecision(3)} of ${evidence.limit}; ` +
    `${canary.failures} of ${canary.requests} requests failed, ` +
    `${expectedFailures.toFixed(1)} at stable's rate`;
  return { rule: "evidence", text };
}

/** Why only an abort can be decided at this weight. undefined: anything can. */
function tooFew({ canary, stable }: StepTally, requestsMin: number): Reason | undefined {
  if (canary === 0) {
    return { rule: "no-canary-traffic", text: "the canary got no request at this weight" };
  }
  if (stable === 0) {
    const text = "stable got no request, so there is nothing to compare with";
    return { rule: "no-stable-traffic", text };
  }
  if (Math.min(canary, stable) >= requestsMin) return undefined;
  const text = `${canary} requests of the canary and ${stable} of stable, of ${requestsMin} each`;
  return { rule: "few-requests", text };
}

function inconclusive(
  reasons: readonly Reason[],
  weight: number,
  waitedS: number,
  { patience }: RolloutPolicy,
): Outcome {
  const state = "inconclusive";
  const { holdMaxS, onInconclusive } = patience;
  if (waitedS < holdMaxS) return { state, action: "hold", weight, reasons };
  const over: Reason = { rule: "hold-max", text: `after ${waitedS} s: ${onInconclusive}` };
  const weights = { pause: weight, promote: 1, abort: 0 };
  const to = weights[onInconclusive];
  return { state, action: onInconclusive, weight: to, reasons: [...reasons, over] };
}

function metricsOf(
  evidence: Evidence,
  { upperExcess }: RampView,
  { ramp }: RolloutPolicy,
): MetricVerdict[] {
  const { worse } = evidence.errors;
  const { latencyFine, policy } = evidence;
  const fine = upperExcess <= ramp.excessMax;
  return [
    { name: "errors", against: worse, part: policy.errors.part, fine },
    ...evidence.latency.map(({ name, part, test }, index) => {
      return { name, against: test.more, part, fine: latencyFine[index] ?? false };
    }),
  ];
}
