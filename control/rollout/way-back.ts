import type { Decision } from "./decision.ts";
import type { TableSight } from "./observation.ts";
import { hold } from "./patience.ts";
import { hasEnded, wantedShare } from "./rollout.ts";
import type { Rollout } from "./rollout.ts";
import type { Why } from "./why.ts";

/**
 * A decision as far as stable can take everything back: a canary that fails some requests serves
 * more than a version without endpoints. The abort follows as soon as it has one. What people ask
 * for does not come by here. Pure.
 */
export function asBackServes(
  rollout: Rollout,
  decision: Decision,
  table: TableSight | undefined,
): Decision {
  if (decision.kind !== "abort" || table?.backEndpoints !== 0) return decision;
  const isNothing = wantedShare(rollout) === 0 || table.canaryEndpoints === 0;
  if (isNothing || rollout.phase === "retreating") return decision;
  const { from } = rollout.spec;
  const text = `${from} has no endpoint to take it back: ${decision.why.text}`;
  const why: Why = { rule: "no-way-back", text };
  const isTold = rollout.phase === "paused" && rollout.why.rule === why.rule;
  return isTold || hasEnded(rollout) ? hold(why) : { kind: "pause", why };
}
