import type { Decision } from "./decision.ts";
import { isShown } from "./is-shown.ts";
import type { Observation, TableSight } from "./observation.ts";
import type { Retreat, Rollout } from "./rollout.ts";
import type { Why } from "./why.ts";

/** Revisions of one retreat: more would be noise in the table's history. */
const RETREAT_STEPS_MAX = 10;

/** How often a retreat takes a step, at most: a look comes each second. */
const RETREAT_STEP_MS = 1_000;

/** How long a retreat that is over waits for whoever leads it, before any sidecar ends it. */
const RETREAT_GRACE_MS = 5_000;

/**
 * The canary's share at a time of a retreat, 0 … 1: it falls in equal steps, the first at once, and
 * is 0 when the time is over. Pure.
 */
export function shareInRetreat({ fromShare, sinceMs, forMs }: Retreat, nowMs: number): number {
  const steps = Math.max(1, Math.min(RETREAT_STEPS_MAX, Math.floor(forMs / RETREAT_STEP_MS)));
  const elapsedMs = nowMs - sinceMs;
  if (elapsedMs >= forMs) return 0;
  // A clock that was set back must not raise the share again.
  const step = 1 + Math.max(0, Math.floor((elapsedMs * steps) / forMs));
  return fromShare * (1 - step / (steps + 1));
}

/** Whether a retreat is over by so much that nobody seems to lead it. */
export function isRetreatLate({ phase, retreat }: Rollout, nowMs: number): boolean {
  if (phase !== "retreating" || retreat === undefined) return false;
  return nowMs >= retreat.sinceMs + retreat.forMs + RETREAT_GRACE_MS;
}

/**
 * Decides about a rollout whose canary loses its share bit by bit. All ways lead to an abort, and
 * whatever makes the canary worse than nothing leads there at once. Pure.
 */
export function reconcileRetreat(
  rollout: Rollout & { readonly retreat: Retreat },
  { table, verdict, breach }: Observation & { readonly table: TableSight },
  nowMs: number,
): Decision {
  const { why, spec, settled, step, retreat, revision } = rollout;
  const share = shareInRetreat(retreat, nowMs);
  if (share === 0) return { kind: "abort", why };
  if (breach !== undefined) return { kind: "abort", why: breach };
  if (verdict?.action === "abort" && verdict.state === "failed") {
    return { kind: "abort", why: verdict.reasons[0] ?? why };
  }
  if (table.canaryEndpoints === 0) return { kind: "abort", why: endpointsGone(spec.to) };
  if (table.revision < revision) return { kind: "hold", why };
  if (share < step.share) return { kind: "retreat", share, why };
  if (!isShown(rollout, table)) return { kind: settled ? "abort" : "apply", why };
  if (!settled && !table.isStored) return { kind: "apply", why };
  if (!settled) return { kind: "settle", revision: table.revision, why };
  return { kind: "hold", why: timeLeft(retreat, nowMs) };
}

function endpointsGone(to: string): Why {
  return { rule: "no-healthy-endpoints", text: `${to} has no endpoint that can take requests` };
}

function timeLeft({ sinceMs, forMs }: Retreat, nowMs: number): Why {
  const leftMs = sinceMs + forMs - nowMs;
  return { rule: "retreating", text: `${Math.ceil(leftMs / 1_000)} s left` };
}
