import type { ErrorMargin } from "./error-test.ts";
import type { LatencyMargin, LatencyMetric } from "./latency-test.ts";

/** How sure somebody wants to be, and of what. */
export type JudgePolicy = {
  /**
   * The part of good rollouts that may be aborted, 0 … 1, of whole rollouts: over all metrics,
   * steps and looks together.
   */
  readonly alpha: number;
  /** How often "not worse" may be wrong, 0 … 1. */
  readonly beta: number;
  readonly errors: ErrorMargin & {
    /** Its part of alpha. Those of all metrics sum to 1. */
    readonly part: number;
    /** With fewer failures of the canary, errors alone abort nothing. */
    readonly failuresMin: number;
    /** What counts as one failure: a request, or all that one key did in a second. */
    readonly unit: "request" | "key";
    /**
     * Evidence must also stand without any one of several endpoints, with so many times the alpha:
     * one endpoint's trouble is rare, and ejection's business. 1: as surely. Infinity: it need not.
     */
    readonly aloneFactor: number;
  };
  readonly latency: readonly LatencyMetric[];
  /** For so long after its first request the canary is cold, */
  readonly warmUpS: number;
  /** and slower means slower by this factor. */
  readonly warmUpFactor: number;
  /** The evidence starts afresh at each step, and this often within one. */
  readonly freshStartS: number;
};

/** How weights grow. */
export type RampPolicy = {
  /** Weights that may be taken, rising, above 0 and below 1. At least one. */
  readonly ladder: readonly number[];
  /** The first is at most this, unless the ladder has none so small. */
  readonly firstMax: number;
  /** No weight is more than this many times the one before. */
  readonly growthMax: number;
  /** Failures that the whole rollout may cost, above those that stable would have had. */
  readonly budgetFailures: number;
  /** Requests that a slow canary may slow down before that is found. */
  readonly budgetSlow: number;
  /** From a failing request until the weights are down again: counting, looking, applying. */
  readonly reactionS: number;
  /** All traffic is taken only if the error rate is not worse by this, 0 … 1. */
  readonly excessMax: number;
  /** Latency metrics, by their place in the policy, that must be shown to be no slower before. */
  readonly mustBeFine: readonly number[];
  /** Least time with both versions: what comes late, or now and then, shows only in time. */
  readonly soakS: number;
  /** Least time at each weight once the evidence is complete: what breaks only under load. */
  readonly settleS: number;
};

/** When somebody has to look. */
export type PatiencePolicy = {
  /** With fewer requests of either version at a weight nothing is decided but an abort. */
  readonly requestsMin: number;
  /** Longest wait for evidence at one weight. */
  readonly holdMaxS: number;
  /** What happens then. */
  readonly onInconclusive: "pause" | "promote" | "abort";
};

/** A whole policy. */
export type RolloutPolicy = {
  readonly judge: JudgePolicy;
  readonly ramp: RampPolicy;
  readonly patience: PatiencePolicy;
};

/** 20 % and 5 ms: what one machine differs from the next by is no defect. */
const LATENCY: LatencyMargin = { quantile: 0.5, factor: 1.2, ms: 5 };

/** One good rollout in twenty may be aborted; in `bench:judge` it is fewer than one in 100. */
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

/** Policies by name: they differ in how long a canary must have been watched. */
export const PRESETS = {
  careful: { ...STANDARD, ramp: { ...RAMP, soakS: 600, settleS: 20 } },
  standard: STANDARD,
  fast: { ...STANDARD, ramp: { ...RAMP, soakS: 30, settleS: 5 } },
} as const satisfies Readonly<Record<string, RolloutPolicy>>;
