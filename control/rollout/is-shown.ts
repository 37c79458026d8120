import type { TableSight } from "./observation.ts";
import { areInForce, weightsAt } from "./rollout-weights.ts";
import { wantedShare } from "./rollout.ts";
import type { Rollout } from "./rollout.ts";

/** Whether the table has the weights that the rollout asks for. */
export function isShown(rollout: Rollout, { weights }: Pick<TableSight, "weights">): boolean {
  return areInForce(weightsAt(rollout.before, rollout.spec, wantedShare(rollout)), weights);
}
