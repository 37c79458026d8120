import { Evidence } from "../../control/analysis/evidence.ts";
import type { RolloutPolicy } from "../../control/analysis/judge-policy.ts";
import { nextWeight } from "../../control/analysis/next-weight.ts";
import type { RampState } from "../../control/analysis/next-weight.ts";
import { viewOf } from "../../control/analysis/verdict.ts";
import { countSecond, newOutcome, STEP_S, STEPS } from "./outcome.ts";
import type { Outcome } from "./outcome.ts";
import { World } from "./world.ts";
import type { WorldOptions } from "./world-options.ts";

/** Delay between a decision and its effect. */
const LAG_S = 1;
/** How long stable is observed beforehand. */
const BEFORE_S = 60;
/** About how many seconds the requests per second are averaged over. */
const RECENT_S = 10;

/** Is shown each second of a simulated rollout, and may forecast. */
export type Look = (evidence: Evidence, state: RampState, harm: number) => void;

/** A rollout by evidence, as the product does it. At 100 % nothing is judged. */
export function runByEvidence(
  options: WorldOptions,
  policy: RolloutPolicy,
  seed: number,
  horizonS: number,
  look?: Look,
): Outcome {
  const run = new EvidenceRun(options, policy, seed);
  for (let second = 0; second < horizonS && run.tick(second, look); second += 1);
  return run.outcome;
}

/** The same judge, with weights by the clock. */
export function runByClock(options: WorldOptions, policy: RolloutPolicy, seed: number): Outcome {
  const world = new World(options, seed);
  const { evidence } = knowStable(world, policy);
  const outcome = newOutcome();
  let stopAt = Infinity;
  for (let second = 0; second < STEP_S * STEPS.length; second += 1) {
    const step = Math.floor(second / STEP_S);
    const weight = STEPS[step] as number;
    if (weight === 1) outcome.promotedS = Math.min(outcome.promotedS, second);
    const excess = world.excess(weight);
    const now = world.tick(weight, step);
    countSecond(outcome, now.canary.requests, excess, options.defect);
    if (stopAt === Infinity && weight < 1) {
      evidence.add(now);
      if (evidence.bad) stopAt = second + LAG_S;
    }
    if (second >= stopAt) return { ...outcome, abortedS: second + 1 };
  }
  return outcome;
}

/** Evidence that has seen stable alone for a while, and the recent requests per second. */
function knowStable(
  world: World,
  policy: RolloutPolicy,
): { readonly evidence: Evidence; readonly perSecond: number } {
  const evidence = new Evidence(policy.judge);
  let perSecond = 0;
  for (let second = 0; second < BEFORE_S; second += 1) {
    const { stable } = world.tick(0, -1);
    evidence.remember(stable);
    perSecond += (stable.requests - perSecond) / Math.min(RECENT_S, second + 1);
  }
  return { evidence, perSecond };
}

class EvidenceRun {
  readonly outcome = newOutcome();
  readonly #world: World;
  readonly #options: WorldOptions;
  readonly #policy: RolloutPolicy;
  readonly #evidence: Evidence;
  /** Recent requests per second. */
  #perSecond: number;
  #weight = 0;
  #step = -1;
  #sinceS = 0;
  #next: { readonly weight: number; readonly atS: number } | undefined;
  #stopAtS = Infinity;

  constructor(options: WorldOptions, policy: RolloutPolicy, seed: number) {
    this.#options = options;
    this.#policy = policy;
    this.#world = new World(options, seed);
    const { evidence, perSecond } = knowStable(this.#world, policy);
    this.#evidence = evidence;
    this.#perSecond = perSecond;
    const { weight } = this.#decide(0, 0);
    this.#next = { weight, atS: 0 };
  }

  /** Plays one second. false: the rollout is over. */
  tick(second: number, look: Look | undefined): boolean {
    if (this.#next?.atS === second) this.#begin(this.#next.weight, second);
    const { outcome } = this;
    const weight = this.#weight;
    const excess = this.#world.excess(weight);
    const now = this.#world.tick(weight, this.#step);
    countSecond(outcome, now.canary.requests, excess, this.#options.defect);
    this.#perSecond += (now.stable.requests + now.canary.requests - this.#perSecond) / RECENT_S;
    if (this.#stopAtS === Infinity && weight < 1) {
      this.#evidence.add(now);
      this.#judge(second, look);
    }
    if (second >= this.#stopAtS) outcome.abortedS = second + 1;
    return second < this.#stopAtS && second < outcome.promotedS + STEP_S;
  }

  #begin(weight: number, second: number): void {
    this.#weight = weight;
    this.#next = undefined;
    this.#sinceS = second;
    this.#step += 1;
    if (weight === 1) this.outcome.promotedS = second;
  }

  #judge(second: number, look: Look | undefined): void {
    if (this.#evidence.bad) {
      this.#stopAtS = second + LAG_S;
      return;
    }
    if (this.#next !== undefined) return;
    const state = this.#decide(second + 1 - this.#sinceS, second + 1);
    if (state.weight !== this.#weight) {
      this.#next = { weight: state.weight, atS: second + 1 + LAG_S };
    } else look?.(this.#evidence, { ...state, weight: this.#weight }, this.outcome.harm);
  }

  #decide(stepS: number, totalS: number): RampState {
    const state = {
      weight: this.#weight,
      stepS,
      totalS,
      perSecond: this.#perSecond,
      weightMax: 1,
    };
    const { weight } = nextWeight(viewOf(this.#evidence), this.#policy.ramp, state);
    return { ...state, weight };
  }
}
