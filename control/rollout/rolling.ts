import type { Decision } from "./decision.ts";
import { afterFailure, byLack, hold, isLacking, WATCHING, whenOver } from "./patience.ts";
import type { Observation, OldEndpoint, TableSight } from "./observation.ts";
import type { Rollout, RolloutStage, RollingStep } from "./rollout.ts";

type RollingStage = Extract<RolloutStage, { readonly kind: "rolling" }>;

/** The endpoints as a rolling rollout counts them. */
type Fleet = {
  /** Old endpoints at the beginning. */
  readonly of: number;
  /** Old ones that take new work. */
  readonly old: readonly OldEndpoint[];
  /** Those that do not any more: they are in drain, or gone. */
  readonly left: number;
  /** New ones that take new work. */
  readonly fresh: number;
};

/**
 * Decides about a rollout that takes the old version's endpoints out batch by batch, as new ones
 * come. Whatever happens to the new ones, it takes out no old one if less than all but
 * `maxUnavailable` would be left. Pure.
 */
export function inRolling(
  stage: RollingStage,
  rollout: Rollout,
  observation: Observation & { readonly table: TableSight },
  nowMs: number,
): Decision {
  const fleet = fleetOf(rollout.step.rolling, observation.table);
  const { share } = rollout.step;
  if (fleet.of === 0) return hold({ rule: "few-endpoints", text: `${rollout.spec.from} has none` });
  if (fleet.fresh < fleet.left) return waitForFresh(rollout, fleet, nowMs);
  const replaced = Math.min(1, fleet.left / fleet.of);
  if (share < replaced) return toShare(replaced, rollout, fleet);
  const paused = betweenBatches(stage, rollout, observation, nowMs);
  if (paused !== undefined) return paused;
  return nextBatch(stage, rollout, fleet);
}

function fleetOf(rolling: RollingStep | undefined, table: TableSight): Fleet {
  const { drained = [], of = 0 } = rolling ?? {};
  const old = (table.old ?? []).filter(({ address, usable }) => {
    return usable && !drained.includes(address);
  });
  const size = Math.max(of, old.length + drained.length);
  const left = size - old.length;
  return { of: size, old, left, fresh: table.canaryEndpoints };
}

/** New ones are missing: whoever starts them may need long. */
function waitForFresh(rollout: Rollout, { fresh, left }: Fleet, nowMs: number): Decision {
  const text = `${fresh} of ${left} new endpoints can take requests`;
  const { holdMaxS } = rollout.spec.policy.patience;
  const waitedMs = nowMs - Math.max(rollout.step.sinceMs, rollout.stageSinceMs);
  if (waitedMs < holdMaxS * 1_000) return hold({ rule: "few-endpoints", text });
  // What is not there cannot carry everything.
  return afterFailure(rollout, { rule: "few-endpoints", text });
}

function toShare(share: number, { step }: Rollout, { left, of }: Fleet): Decision {
  if (share === 1) return { kind: "next", why: { rule: "batch", text: "all are replaced" } };
  const text = `${left} of ${of} endpoints are replaced`;
  const { rolling = { drained: [], of } } = step;
  return { kind: "weight", share, rolling, next: false, why: { rule: "batch", text } };
}

/** undefined: the next batch may go. */
function betweenBatches(
  { checksForMs }: RollingStage,
  rollout: Rollout,
  { verdict }: Observation,
  nowMs: number,
): Decision | undefined {
  const { step } = rollout;
  if (verdict === undefined) return hold(WATCHING);
  if (step.share === 0) return undefined;
  const over = whenOver(checksForMs, step.sinceMs, nowMs);
  if (over.kind === "hold") return over;
  return isLacking(verdict) ? byLack(rollout, verdict) : undefined;
}

function nextBatch(
  { maxUnavailable }: RollingStage,
  { step }: Rollout,
  { of, old, left, fresh }: Fleet,
): Decision {
  const size = batchSize(maxUnavailable, of);
  const batch = old.slice(0, size).map(({ address }) => address);
  const drained = [...(step.rolling?.drained ?? []), ...batch];
  const text = `${batch.length} endpoints after ${left} of ${of}`;
  if (batch.length < old.length) {
    const rolling = { drained, of };
    return {
      kind: "weight",
      share: step.share,
      rolling,
      next: false,
      why: { rule: "batch", text },
    };
  }
  // The last ones: with them the old version has none left for any share.
  if (fresh >= Math.max(1, of - size)) return { kind: "next", why: { rule: "batch", text } };
  return hold({
    rule: "few-endpoints",
    text: `${fresh} of ${Math.max(1, of - size)} new endpoints are there`,
  });
}

/** How many may be missing at once: a number, or a part of all, at least one. */
function batchSize(maxUnavailable: RollingStage["maxUnavailable"], of: number): number {
  if (maxUnavailable.kind === "count") return maxUnavailable.count;
  return Math.max(1, Math.floor(maxUnavailable.part * of));
}
