import type { ErrorMargin } from "./error-test.ts";
import type { LatencyMargin, LatencyMetric } from "./latency-test.ts";

/** How sure one wants to be, and of what. */
export type JudgePolicy = {
  /**
   * The part of good rollouts that may be aborted, 0 … 1: per rollout, over all its metrics, steps
   * and looks.
   */
  readonly alpha: number;
  /** How often "not worse" may be wrong, 0 … 1. */
  readonly beta: number;
  readonly errors: ErrorMargin & {
    /** Its part of alpha. Those of all metrics sum to 1. */
    readonly part: number;
    /** With fewer failed requests of the canary, errors alone never abort. */
    readonly failuresMin: number;
    /** What counts as one failure: each request, or all of one key's in a second. */
    readonly unit: "request" | "key";
    /**
     * The evidence must also hold without any one endpoint, at an alpha this many times larger:
     * trouble at a single endpoint is for ejection. 1: at the same alpha. Infinity: it need not.
     */
    readonly aloneFactor: number;
  };
  readonly latency: readonly LatencyMetric[];
  /** How long the canary counts as cold after its first request. */
  readonly warmUpS: number;
  /** While it is cold, only what is slower by this factor counts as slower. */
  readonly warmUpFactor: number;
  /** The evidence gets a fresh start at each step, and at this interval within one. */
  readonly freshStartS: number;
};

/** How weights grow. */
export type RampPolicy = {
  /** Weights on the way, rising, above 0 and below 1. At least one. */
  readonly ladder: readonly number[];
  /** The first weight is at most this, unless the ladder has none as small. */
  readonly firstMax: number;
  /** No weight is more than this many times the previous one. */
  readonly growthMax: number;
  /** Failures that the whole rollout may cost beyond those that stable would have had. */
  readonly budgetFailures: number;
  /** Requests that a slow canary may slow down before it is found out. */
  readonly budgetSlow: number;
  /** From a failed request until the weight is down again: counting, judging, applying. */
  readonly reactionS: number;
  /** All traffic is given only once the error rate is shown not to be worse by this, 0 … 1. */
  readonly excessMax: number;
  /** Latency metrics, by their index in the policy, that must be shown to be no slower first. */
  readonly mustBeFine: readonly number[];
  /** Least time with both versions: late and occasional faults take time to show. */
  readonly soakS: number;
  /** Least time at each weight once the evidence is complete: some faults need load to show. */
  readonly settleS: number;
};

/** When a person has to decide. */
export type PatiencePolicy = {
  /** With fewer requests of either version at a weight, only an abort can be decided. */
  readonly requestsMin: number;
  /** Longest wait for evidence at one weight. See `onInconclusive`. */
  readonly holdMaxS: number;
  /** What happens after `holdMaxS`. */
  readonly onInconclusive: "pause" | "promote" | "abort";
};

/** A whole policy. */
export type RolloutPolicy = {
  readonly judge: JudgePolicy;
  readonly ramp: RampPolicy;
  readonly patience: PatiencePolicy;
};

/**
 * 20 % and 5 ms: one machine differs from the next by as much, and that is no defect. 50 % and 10
 * ms must be excluded: in a tail like that of a busy machine, where 1 % of the requests take three
 * times the median, 50 requests a second show that in a minute, and 20 % not in three.
 */
const LATENCY: LatencyMargin = {
  quantile: 0.5,
  factor: 1.2,
  ms: 5,
  clearFactor: 1.5,
  clearMs: 10,
};

/** One good rollout in twenty may be aborted; in `bench:judge` fewer than one in 100 are. */
const JUDGE: JudgePolicy = {
  alpha: 0.05,
  beta: 0.05,
  errors: {
    margin: 0.0005,
    cap: 100,
    part: 0.5,
    failuresMin: 3,
    unit: "key",
    aloneFactor: 10,
  },
  latency: [
    { ...LATENCY, quantile: 0.5, part: 0.1 },
    { ...LATENCY, quantile: 0.95, part: 0.2 },
    { ...LATENCY, quantile: 0.99, part: 0.2 },
  ],
  warmUpS: 30,
  warmUpFactor: 4,
  freshStartS: 60,
};

const RAMP: RampPolicy = {
  ladder: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5],
  firstMax: 0.1,
  growthMax: 5,
  budgetFailures: 20,
  budgetSlow: 500,
  reactionS: 2,
  excessMax: 0.005,
  mustBeFine: [1, 2],
  soakS: 120,
  settleS: 10,
};

const PATIENCE: PatiencePolicy = { requestsMin: 20, holdMaxS: 1_800, onInconclusive: "pause" };

const STANDARD: RolloutPolicy = { judge: JUDGE, ramp: RAMP, patience: PATIENCE };

/** Policies by name. They differ only in how long a canary must be watched. */
export const PRESETS = {
  careful: { ...STANDARD, ramp: { ...RAMP, soakS: 600, settleS: 20 } },
  standard: STANDARD,
  fast: { ...STANDARD, ramp: { ...RAMP, soakS: 30, settleS: 5 } },
} as const satisfies Readonly<Record<string, RolloutPolicy>>;
