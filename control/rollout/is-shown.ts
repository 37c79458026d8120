import type { TableSight } from "./observation.ts";
import { areInForce, weightsAt } from "./rollout-weights.ts";
import { wantedMatch, wantedShare } from "./rollout.ts";
import type { Rollout } from "./rollout.ts";

/** Whether the table has the weights, and the route, that the rollout asks for. */
export function isShown(rollout: Rollout, sight: Pick<TableSight, "weights" | "route">): boolean {
  const match = wantedMatch(rollout);
  const route = match && JSON.stringify(match);
  return route === sight.route && areWeightsShown(rollout, sight);
}

/** Whether it has the weights. */
export function areWeightsShown(
  rollout: Rollout,
  { weights }: Pick<TableSight, "weights">,
): boolean {
  return areInForce(weightsAt(rollout.before, rollout.spec, wantedShare(rollout)), weights);
}
