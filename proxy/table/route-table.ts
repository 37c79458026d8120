import { compileActions } from "./compiled-actions.ts";
import type { CompiledActions } from "./compiled-actions.ts";
import type { Conditions, RouteConditions } from "./route-conditions.ts";
import { rankOf } from "./priority.ts";
import type { Rank } from "./priority.ts";
import type { Policy, RouteSnapshot } from "./snapshot.ts";
import type { VersionTable } from "./version-table.ts";

/** A route, compiled: what a request that matches it gets. */
export type RouteTable = {
  readonly policy: Policy;
  /** The version instead of the split. undefined: the split decides. */
  readonly to: VersionTable | undefined;
  readonly snapshot: RouteSnapshot;
  /** How much its requests matter. */
  readonly rank: Rank;
  /** What it does itself. undefined: nothing. */
  readonly actions: CompiledActions | undefined;
  /** Among the service's routes, from 1. */
  readonly place: number;
  readonly conditions: Conditions;
};

/**
 * Compiles a route of a service with these versions, whose routes have these conditions. `place`:
 * as in RouteTable.
 */
export function compileRoute(
  snapshot: RouteSnapshot,
  versions: readonly VersionTable[],
  conditions: RouteConditions,
  place: number,
): RouteTable {
  return {
    policy: snapshot.policy,
    to: versions.find((version) => version.name === snapshot.to),
    snapshot,
    rank: rankOf(snapshot.priority),
    actions: compileActions(snapshot),
    place,
    conditions: conditions.compile(snapshot.match),
  };
}
