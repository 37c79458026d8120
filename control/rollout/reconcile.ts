import type { RolloutVerdict } from "../analysis/verdict.ts";
import { asCarried } from "./as-carried.ts";
import { withoutShare } from "./decision.ts";
import type { Decision } from "./decision.ts";
import type { Observation, TableSight } from "./observation.ts";
import {
  afterPatience,
  byLack,
  first,
  hold,
  isLacking,
  last,
  WATCHING,
  whenOver,
} from "./patience.ts";
import { inGroup } from "./group.ts";
import { asHooksSay } from "./hooks.ts";
import { asMetricsSay, metricBreach } from "./metric-limits.ts";
import { areWeightsShown, isShown } from "./is-shown.ts";
import { reconcileRetreat } from "./retreat.ts";
import { inRolling } from "./rolling.ts";
import { hasEnded } from "./rollout.ts";
import type { Rollout, RolloutStage } from "./rollout.ts";
import { asBackServes } from "./way-back.ts";
import type { Why } from "./why.ts";

/** Without a second for longer than this no step is taken: sidecars may be 3 s behind. */
const BLIND_MAX_MS = 5_000;

/** An observation with a table. */
type Seen = Observation & { readonly table: TableSight };

/**
 * Decides about a rollout. Pure: the same rollout, observation and time (milliseconds since the
 * Unix epoch) give the same decision.
 */
export function reconcile(rollout: Rollout, observation: Observation, nowMs: number): Decision {
  const own = reconcileAlone(rollout, observation, nowMs);
  const { siblings, table } = observation;
  const decided = siblings === undefined ? own : inGroup(rollout, own, siblings, nowMs);
  return asBackServes(rollout, decided, table);
}

/** The same, as if the rollout had no group. */
export function reconcileAlone(
  rollout: Rollout,
  observation: Observation,
  nowMs: number,
): Decision {
  return asHooksSay(rollout, ownDecision(rollout, observation, nowMs), observation.hook);
}

/** The same, before its hooks are asked. */
export function ownDecision(rollout: Rollout, observation: Observation, nowMs: number): Decision {
  const { readings = [], shareMax = 1 } = observation;
  const carried = asCarried(rollout, bySight(rollout, observation, nowMs), shareMax, nowMs);
  return asMetricsSay(rollout, carried, readings, nowMs);
}

function bySight(rollout: Rollout, observation: Observation, nowMs: number): Decision {
  const { table, verdict, readings = [] } = observation;
  const breach = observation.breach ?? metricBreach(rollout.spec.metrics ?? [], readings);
  if (table === undefined) return withoutTable(rollout);
  const { retreat } = rollout;
  if (rollout.phase === "retreating" && retreat !== undefined) {
    return reconcileRetreat({ ...rollout, retreat }, { ...observation, breach, table }, nowMs);
  }
  if (table.revision < rollout.revision) return hold(OLD_TABLE);
  if (!areWeightsShown(rollout, table)) return notShown(rollout);
  if (!isShown(rollout, table)) return { kind: "apply", why: rollout.why };
  if (!rollout.settled && !table.isStored) return { kind: "apply", why: rollout.why };
  if (!rollout.settled) return { kind: "settle", revision: table.revision, why: rollout.why };
  if (hasEnded(rollout) || rollout.released) return hold(rollout.why);
  if (breach !== undefined) return { kind: "abort", why: breach };
  if (verdict?.action === "abort" && verdict.state === "failed") {
    return { kind: "abort", why: first(verdict) };
  }
  if (rollout.phase !== "progressing") return hold(rollout.why);
  if (table.canaryEndpoints === 0 && !waitsForEndpoints(rollout)) return withoutEndpoints(rollout);
  const { frozen } = observation;
  if (frozen !== undefined) return hold({ rule: "frozen", text: frozen });
  return progress(rollout, { ...observation, table }, nowMs);
}

function withoutTable(rollout: Rollout): Decision {
  const { service, from, to } = rollout.spec;
  const why: Why = { rule: "gone", text: `${service}, or ${from} or ${to} of it, is not there` };
  if (!hasEnded(rollout)) return { kind: "abort", why };
  // What is not there needs no weights.
  if (rollout.settled) return hold(rollout.why);
  return { kind: "settle", revision: rollout.revision, why };
}

function notShown(rollout: Rollout): Decision {
  if (rollout.released || (rollout.settled && hasEnded(rollout))) return hold(rollout.why);
  if (!rollout.settled) return { kind: "apply", why: rollout.why };
  const text = "the service has other weights than this step asks for";
  return { kind: "release", why: { rule: "taken-over", text } };
}

/** Whether the first ones come only when old ones have left. */
function waitsForEndpoints({ spec, step, stage }: Rollout): boolean {
  return spec.stages[stage]?.kind === "rolling" && step.share === 0;
}

function withoutEndpoints({ spec, step }: Rollout): Decision {
  const text = `${spec.to} has no endpoint that can take requests`;
  const why: Why = { rule: "no-healthy-endpoints", text };
  return step.share === 0 ? hold(why) : { kind: "pause", why };
}

function progress(rollout: Rollout, observation: Seen, nowMs: number): Decision {
  const stage = rollout.spec.stages[rollout.stage];
  if (stage === undefined) {
    return { kind: "succeed", why: { rule: "complete", text: "all stages are over" } };
  }
  const blind = needsCounts(stage) ? whileBlind(rollout, observation) : undefined;
  if (blind !== undefined) return blind;
  if (needsEvidence(stage) && observation.fewSeen !== undefined) {
    return hold({ rule: "few-seen", text: observation.fewSeen });
  }
  return inStage(stage, rollout, observation, nowMs);
}

/** What was not seen is no reason to go on. undefined: seconds come. */
function whileBlind(rollout: Rollout, observation: Observation): Decision | undefined {
  const { blindMs, blindFor, nothingSeen } = observation;
  const forS = Math.round(blindMs / 1_000);
  const reason = blindFor === undefined ? "" : `: ${blindFor}`;
  const text = `nothing was counted for ${forS} s${reason}`;
  if (blindMs >= rollout.spec.policy.patience.holdMaxS * 1_000) {
    return afterPatience(rollout, { rule: "hold-max", text });
  }
  if (blindMs > BLIND_MAX_MS) return hold({ rule: "blind", text });
  if (nothingSeen !== true || rollout.step.share === 0) return undefined;
  return hold({ rule: "blind", text: "nothing has been counted since it is led here" });
}

function needsCounts({ kind }: RolloutStage): boolean {
  return kind === "evidence" || kind === "pause" || kind === "analysis" || kind === "rolling";
}

/** Whether it ends by what the seconds show. */
function needsEvidence({ kind }: RolloutStage): boolean {
  return kind === "evidence" || kind === "analysis";
}

function inStage(
  stage: RolloutStage,
  rollout: Rollout,
  observation: Seen,
  nowMs: number,
): Decision {
  const { verdict } = observation;
  switch (stage.kind) {
    case "evidence":
      return verdict === undefined ? hold(WATCHING) : byEvidence(rollout, verdict);
    case "weight":
      return atWeight(stage.share, rollout);
    case "headerRoute":
    case "mirror":
      return withoutShare(stage, inPlan(rollout));
    case "pause":
      return inPause(stage.forMs, rollout, observation, nowMs);
    case "rolling":
      return inRolling(stage, rollout, observation, nowMs);
    case "analysis":
      return verdict === undefined ? hold(WATCHING) : inAnalysis(rollout, verdict);
    case "checks": {
      const { servingMs = Infinity } = observation;
      return whenOver(stage.forMs, Math.max(rollout.stageSinceMs, nowMs - servingMs), nowMs);
    }
    case "keep":
      return whenOver(stage.forMs, rollout.stageSinceMs, nowMs);
  }
}

/** Another sidecar has led it on, and its table has not come here yet. */
const OLD_TABLE: Why = { rule: "table-behind", text: "the table here is older than its last step" };

function byEvidence(rollout: Rollout, verdict: RolloutVerdict): Decision {
  const why = first(verdict);
  switch (verdict.action) {
    case "hold":
      return hold(why);
    case "raise":
      if (verdict.weight <= rollout.step.share) return hold(why);
      return { kind: "weight", share: verdict.weight, next: false, why };
    case "promote":
      return isLacking(verdict) ? afterPatience(rollout, last(verdict)) : { kind: "next", why };
    case "pause":
    case "abort":
      return afterPatience(rollout, last(verdict));
  }
}

function inPlan({ stage }: Rollout): Why {
  return { rule: "stage", text: `stage ${stage + 1} of the plan` };
}

function atWeight(share: number, rollout: Rollout): Decision {
  const why = inPlan(rollout);
  if (share === rollout.step.share) return { kind: "next", why };
  return { kind: "weight", share, next: true, why };
}

function inPause(
  forMs: number | undefined,
  rollout: Rollout,
  { verdict, canaryRequests }: Observation,
  nowMs: number,
): Decision {
  if (forMs === undefined) {
    const text = "until somebody promotes it";
    return { kind: "pause", why: { rule: "gate", text } };
  }
  const { match, share } = rollout.step;
  if (match !== undefined) return inMatched(forMs, rollout, canaryRequests, nowMs);
  // With nothing left to stable there is nothing to compare with.
  if (share === 1) return whenOver(forMs, rollout.stageSinceMs, nowMs);
  if (verdict === undefined) return hold(WATCHING);
  if (isLacking(verdict)) return byLack(rollout, verdict);
  return whenOver(forMs, rollout.stageSinceMs, nowMs);
}

/** Whose requests match is no accident: stable's tell nothing of these. */
function inMatched(
  forMs: number,
  rollout: Rollout,
  canaryRequests: number,
  nowMs: number,
): Decision {
  const { requestsMin, holdMaxS } = rollout.spec.policy.patience;
  if (canaryRequests >= requestsMin) return whenOver(forMs, rollout.stageSinceMs, nowMs);
  const text = `${canaryRequests} requests have matched, of ${requestsMin}`;
  const why: Why = { rule: "few-requests", text };
  const waitedMs = nowMs - rollout.step.sinceMs;
  return waitedMs >= holdMaxS * 1_000 ? afterPatience(rollout, why) : hold(why);
}

function inAnalysis(rollout: Rollout, verdict: RolloutVerdict): Decision {
  if (isLacking(verdict)) return byLack(rollout, verdict);
  if (verdict.missing.length > 0) {
    return hold({ rule: "incomplete", text: verdict.missing.join("; ") });
  }
  return { kind: "next", why: { rule: "not-worse", text: "it is shown to be no worse" } };
}
