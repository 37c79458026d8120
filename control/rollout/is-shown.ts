import type { TableSight } from "./observation.ts";
import { areInForce, weightsAt } from "./rollout-weights.ts";
import { wantedDrains, wantedMatch, wantedShare } from "./rollout.ts";
import type { Rollout } from "./rollout.ts";

/** Whether the table has the weights, routes and states of endpoints that the rollout asks for. */
export function isShown(
  rollout: Rollout,
  sight: Pick<TableSight, "weights" | "route" | "old">,
): boolean {
  const match = wantedMatch(rollout);
  const route = match && JSON.stringify(match);
  return route === sight.route && areDrainsShown(rollout, sight) && areWeightsShown(rollout, sight);
}

function areDrainsShown(rollout: Rollout, { old = [] }: Pick<TableSight, "old">): boolean {
  const drains = wantedDrains(rollout);
  if (drains === undefined) return true;
  const { addresses, state } = drains;
  // What people have in maint stays there.
  const other = state === "ready" ? "drain" : "ready";
  return !old.some((each) => addresses.includes(each.address) && each.state === other);
}

/** Whether it has the weights. */
export function areWeightsShown(
  rollout: Rollout,
  { weights }: Pick<TableSight, "weights">,
): boolean {
  return areInForce(weightsAt(rollout.before, rollout.spec, wantedShare(rollout)), weights);
}
