import type { RolloutVerdict } from "../../../control/analysis/verdict.ts";
import { specOf } from "../../../control/rollout/plan.ts";
import type { Observation } from "../../../control/rollout/observation.ts";
import { newRollout } from "../../../control/rollout/rollout.ts";
import type { Rollout } from "../../../control/rollout/rollout.ts";
import type { RolloutRequest } from "../../../control/rollout/rollout-schema.ts";
import type { VersionWeights } from "../../../control/rollout/rollout-weights.ts";

/** Weights of the service before each rollout here. */
export const BEFORE: VersionWeights = { v1: 90, v2: 0, other: 10 };

/** A rollout from v1 to v2 that began at time 0, as the table had revision 1. */
export function rolloutOf(wish: Partial<RolloutRequest> = {}): Rollout {
  const spec = specOf({ service: "web", to: "v2", ...wish }, "v1");
  const who = { id: "web-1", actor: "ann", reason: undefined, before: BEFORE };
  return newRollout(spec, { ...who, revision: 1, nowMs: 0 });
}

/** A verdict that says so. */
export function verdictOf(says: Partial<RolloutVerdict>): RolloutVerdict {
  return {
    state: "running",
    action: "hold",
    weight: 0,
    reasons: [{ rule: "soaking", text: "soaking" }],
    missing: [],
    against: 1,
    limit: 20,
    metrics: [],
    excessFailures: 0,
    excessError: 0,
    excessRateMax: 0,
    ...says,
  };
}

/** What is seen of a service with these weights at a revision. */
export function sightOf(
  weights: VersionWeights,
  revision: number,
  seen: Partial<Observation> = {},
): Observation {
  return {
    table: { revision, weights, canaryEndpoints: 1, isStored: true },
    verdict: undefined,
    canaryRequests: 0,
    breach: undefined,
    frozen: undefined,
    blindMs: 0,
    blindFor: undefined,
    ...seen,
  };
}
