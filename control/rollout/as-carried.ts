import { shareText } from "../analysis/rate-text.ts";
import type { Decision } from "./decision.ts";
import { afterFailure, hold } from "./patience.ts";
import { wantedShare } from "./rollout.ts";
import type { Rollout } from "./rollout.ts";
import type { Why } from "./why.ts";

/**
 * A decision as far as the canary can carry it: no step of the rollout's own gives it more than
 * `shareMax`, 0 … 1. What takes from it, or keeps, is never held up. Pure.
 */
export function asCarried(
  rollout: Rollout,
  decision: Decision,
  shareMax: number,
  nowMs: number,
): Decision {
  const share = shareAfter(decision);
  if (share === undefined || share <= wantedShare(rollout) || share <= shareMax) return decision;
  const text = `${shareText(share)} is more than the ${shareText(shareMax)} that it can carry`;
  const why: Why = { rule: "capacity", text };
  const waitedMs = nowMs - Math.max(rollout.step.sinceMs, rollout.stageSinceMs);
  const { holdMaxS } = rollout.spec.policy.patience;
  return waitedMs >= holdMaxS * 1_000 ? afterFailure(rollout, why) : hold(why);
}

function shareAfter(decision: Decision): number | undefined {
  if (decision.kind === "succeed") return 1;
  return decision.kind === "weight" ? decision.share : undefined;
}
