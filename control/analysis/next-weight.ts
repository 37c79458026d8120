import type { ErrorTest } from "./error-test.ts";
import type { JudgePolicy, RampPolicy } from "./judge-policy.ts";
import { quantileName } from "./latency-test.ts";
import { natsToFind, priceOf, requestsToClear } from "./price.ts";
import { pointsText, shareText } from "./rate-text.ts";

/** What a ramp decides by: from real evidence, or from a future that a forecast imagines. */
export type RampView = {
  readonly policy: JudgePolicy;
  /** Of the whole canary. */
  readonly errors: Pick<ErrorTest, "stableRate" | "excessFailures" | "excessError" | "canary">;
  /** See ErrorEvidence.upperExcess(), with the policy's beta. */
  readonly upperExcess: number;
  /** Which latencies have been shown to be no slower, in the policy's order. */
  readonly latencyFine: readonly boolean[];
  /** The canary's requests that have counted as evidence on latency. */
  readonly latencyRequests: number;
};

/** Where a ramp stands. */
export type RampState = {
  /** The weight in force, 0 … 1. 0: it has not begun. */
  readonly weight: number;
  /** How long that weight has been in force. */
  readonly stepS: number;
  /** How long the rollout has been running. */
  readonly totalS: number;
  /** The service's recent requests per second. */
  readonly perSecond: number;
  /** The largest weight that the version can carry. 1: no limit is known. */
  readonly weightMax: number;
};

/** Why a weight stays or grows. */
export type RampRule =
  | "first"
  | "reaction"
  | "soaking"
  | "price"
  | "capacity"
  | "incomplete"
  | "settling"
  | "complete"
  | "not-worse";

/** The weight that should be in force: the current one, a larger one, or 1. */
export type RampDecision = {
  readonly weight: number;
  readonly rule: RampRule;
  readonly text: string;
};

/** By what factor traffic may grow before the next decision. */
const HEADROOM = 1.5;

/** After so many requests of its own a slow canary would mostly have been found out. */
const LATENCY_REQUESTS = 200;

/** About how many requests of the canary it takes to show that it is no slower. */
const LATENCY_CLEAR_REQUESTS = 2_000;

/** Requests that a slow canary slows down before it is found out, besides the warm-up's. */
const SLOW_UNTIL_FOUND = 100;

/** What must still be shown before the canary may have all traffic. Empty: nothing. */
export function missing(view: RampView, ramp: RampPolicy): readonly string[] {
  const upper = view.upperExcess;
  const errors =
    upper <= ramp.excessMax
      ? []
      : [`errors: ${pointsText(upper)} more than stable's are not excluded`];
  const latencies = ramp.mustBeFine.flatMap((index) => {
    const metric = view.policy.latency[index];
    if (metric === undefined || view.latencyFine[index] === true) return [];
    return [`${quantileName(metric.quantile)}: not yet shown to be no slower`];
  });
  return [...errors, ...latencies];
}

/**
 * The next weight, by evidence. It is the largest at which the worst defect not yet excluded would
 * cost less than what is left of the budget, but never larger than the evidence needs. Once
 * everything is shown, the rest of the ladder follows at the end of the soak.
 */
export function nextWeight(view: RampView, ramp: RampPolicy, state: RampState): RampDecision {
  const costs = new Costs(view, ramp, state);
  if (state.weight === 0) return firstWeight(costs, ramp, state);
  const open = missing(view, ramp);
  if (open.length === 0 && state.totalS >= finishS(ramp, state)) return finish(costs, ramp, state);
  if (state.stepS < ramp.reactionS + 1) {
    return stay(state, "reaction", "this weight has not had time to show");
  }
  const wanted = open.length === 0 ? 0 : weightToFinish(view, ramp, state);
  if (wanted <= state.weight && state.totalS < ramp.soakS) {
    const rest = `${Math.ceil(ramp.soakS - state.totalS)} s left`;
    return stay(state, "soaking", ["soaking", rest, ...open].join("; "));
  }
  return climb(costs, { view, ramp, state, wanted, open });
}

/** What weights could cost, given what is known. */
class Costs {
  readonly #assumed: { readonly rate: number; readonly excess: number };
  readonly #traffic: { readonly perSecond: number; readonly reactionS: number };
  readonly #nats: number;
  /** Failures that the rollout may still cost. What may have been chance is not deducted. */
  readonly left: number;

  constructor({ policy, errors, upperExcess }: RampView, ramp: RampPolicy, state: RampState) {
    this.#assumed = { rate: errors.stableRate, excess: upperExcess };
    this.#traffic = { perSecond: state.perSecond * HEADROOM, reactionS: ramp.reactionS };
    this.#nats = natsToFind(policy.alpha, policy.errors.part);
    const paid = Math.max(0, errors.excessFailures - errors.excessError);
    this.left = ramp.budgetFailures - paid;
  }

  /** The largest excess error rate that is not excluded yet. */
  get excess(): number {
    return this.#assumed.excess;
  }

  of(weight: number): number {
    return priceOf(weight, this.#assumed, this.#traffic, this.#nats);
  }

  /** In words. */
  text(weight: number): string {
    const cost = this.of(weight).toFixed(1);
    const left = `${cost} failed requests of the ${this.left.toFixed(1)} that are left`;
    return `at ${shareText(weight)}, ${pointsText(this.excess)} more errors would cost ${left}`;
  }
}

function firstWeight(costs: Costs, ramp: RampPolicy, state: RampState): RampDecision {
  const most = Math.min(ramp.firstMax, state.weightMax);
  const least = ramp.ladder[0] as number;
  const affordable = ramp.ladder.findLast((w) => w <= most && costs.of(w) <= costs.left);
  const weight = affordable ?? least;
  return { weight, rule: "first", text: costs.text(weight) };
}

/** When the rest of the ladder has to begin, for its last weight to have settled with the soak. */
function finishS({ ladder, soakS, settleS }: RampPolicy, { weight }: RampState): number {
  return soakS - settleS * ladder.filter((each) => each > weight).length;
}

/** Everything is shown; only faults that need load could still appear. */
function finish(costs: Costs, ramp: RampPolicy, state: RampState): RampDecision {
  if (state.stepS < ramp.settleS) {
    return stay(state, "settling", `${Math.ceil(ramp.settleS - state.stepS)} s left`);
  }
  const up = ramp.ladder.find((weight) => weight > state.weight) ?? 1;
  if (up > state.weightMax) return overCapacity(state, up);
  const text = `not worse: at most ${pointsText(costs.excess)} more errors`;
  return { weight: up, rule: up === 1 ? "not-worse" : "complete", text };
}

/** The smallest weight at which the evidence would be complete by the end of the soak. */
function weightToFinish(view: RampView, ramp: RampPolicy, state: RampState): number {
  const { errors, policy } = view;
  const assumed = { rate: errors.stableRate, excess: ramp.excessMax };
  const needsLatency = ramp.mustBeFine.length > 0 && view.latencyFine.length > 0;
  const needed = Math.max(
    requestsToClear(state.weight, assumed, policy.beta),
    needsLatency ? LATENCY_CLEAR_REQUESTS : 0,
  );
  const still = Math.max(0, needed - errors.canary.requests);
  return still / (state.perSecond * Math.max(1, ramp.soakS - state.totalS));
}

/** What climb() weighs. */
type Climb = {
  readonly view: RampView;
  readonly ramp: RampPolicy;
  readonly state: RampState;
  readonly wanted: number;
  readonly open: readonly string[];
};

function climb(costs: Costs, { view, ramp, state, wanted, open }: Climb): RampDecision {
  // The product may differ from a weight of the ladder by rounding.
  const most = state.weight * ramp.growthMax + 1e-9;
  const next = ramp.ladder.filter((weight) => weight > state.weight && weight <= most);
  if (next.length === 0) return stay(state, "incomplete", open.join("; "));
  const carried = next.filter((weight) => weight <= state.weightMax);
  if (carried.length === 0) return overCapacity(state, next[0] as number);
  const isCheap = (weight: number): boolean =>
    costs.excess <= ramp.excessMax || costs.of(weight) <= costs.left;
  const allowed = carried.filter((w) => isCheap(w) && maySlow(w, view, ramp, state));
  const weight = allowed.find((w) => w >= wanted) ?? allowed.at(-1);
  if (weight === undefined) return stay(state, "price", costs.text(carried[0] as number));
  return { weight, rule: "price", text: costs.text(weight) };
}

/** Whether a slow canary would be found out in time at this weight: within `budgetSlow`. */
function maySlow(weight: number, view: RampView, ramp: RampPolicy, state: RampState): boolean {
  const { warmUpS } = view.policy;
  if (view.latencyFine.length === 0) return true;
  if (state.totalS >= warmUpS && view.latencyRequests >= LATENCY_REQUESTS) return true;
  const blindS = Math.max(0, warmUpS - state.totalS) + ramp.reactionS;
  const slowed = weight * state.perSecond * HEADROOM * blindS + SLOW_UNTIL_FOUND;
  return slowed <= ramp.budgetSlow;
}

function overCapacity({ weight, weightMax }: RampState, wanted: number): RampDecision {
  const text = `${shareText(wanted)} is more than the ${shareText(weightMax)} that it can carry`;
  return { weight, rule: "capacity", text };
}

function stay({ weight }: RampState, rule: RampRule, text: string): RampDecision {
  return { weight, rule, text };
}
