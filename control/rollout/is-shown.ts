import type { TableSight } from "./observation.ts";
import { areInForce, weightsAt } from "./rollout-weights.ts";
import { wantedCopies, wantedDrains, wantedMatch, wantedShare } from "./rollout.ts";
import type { Rollout } from "./rollout.ts";

/** Whether the table has the weights, routes and states of endpoints that the rollout asks for. */
export function isShown(
  rollout: Rollout,
  sight: Pick<TableSight, "weights" | "route" | "copies" | "old">,
): boolean {
  const match = wantedMatch(rollout);
  const route = match && JSON.stringify(match);
  if (route !== sight.route || !areCopiesShown(rollout, sight)) return false;
  return areDrainsShown(rollout, sight) && areWeightsShown(rollout, sight);
}

function areCopiesShown(rollout: Rollout, { copies }: Pick<TableSight, "copies">): boolean {
  const wanted = wantedCopies(rollout);
  // What people have copied stays.
  return copies === "others" || copies === (wanted && JSON.stringify(wanted));
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
