import type { RolloutPolicy } from "../analysis/judge-policy.ts";
import { withoutShare } from "./decision.ts";
import type { Decision } from "./decision.ts";
import { shareInRetreat } from "./retreat.ts";
import { hasEnded, wantedShare } from "./rollout.ts";
import type { Rollout } from "./rollout.ts";
import type { Why } from "./why.ts";

/** What people may do about a rollout. */
export const VERBS = ["promote", "pause", "resume", "abort", "undo"] as const;

/** One of them. */
export type Verb = (typeof VERBS)[number];

/** What comes of a verb. */
export type VerbAnswer =
  | { readonly kind: "decided"; readonly decision: Decision }
  /** It is so already. */
  | { readonly kind: "done" }
  /** `found`: what stands against it. */
  | { readonly kind: "refused"; readonly wanted: string; readonly found: string };

/** What a verb says besides itself. */
export type VerbOptions = {
  readonly actor: string;
  readonly reason: string | undefined;
  /** promote: all the way at once. */
  readonly full: boolean;
  /** abort, undo: everything goes back bit by bit in this time. undefined: at once. */
  readonly rampMs?: number | undefined;
};

/** What a verb leads to; times are in milliseconds since the Unix epoch. Pure. */
export function decideVerb(
  verb: Verb,
  rollout: Rollout,
  options: VerbOptions,
  nowMs: number,
): VerbAnswer {
  const { actor, reason, rampMs } = options;
  const text = reason === undefined ? `by ${actor}` : `by ${actor}: ${reason}`;
  const why: Why = { rule: `${verb}-asked`, text };
  if (rampMs !== undefined && verb !== "abort" && verb !== "undo") {
    return refused("`abort` or `undo`, as only these have a ramp", rollout);
  }
  switch (verb) {
    case "abort":
      return abort(rollout, goingBack(rollout, why, rampMs, nowMs));
    case "undo":
      return undo(rollout, goingBack(rollout, why, rampMs, nowMs));
    case "pause":
      return pause(rollout, why);
    case "resume":
      return resume(rollout, why);
    case "promote":
      return promote(rollout, why, options.full);
  }
}

function decided(decision: Decision): VerbAnswer {
  return { kind: "decided", decision };
}

function refused(wanted: string, { phase }: Rollout): VerbAnswer {
  return { kind: "refused", wanted, found: phase };
}

/** With a ramp bit by bit, unless there is nothing to take back. */
function goingBack(
  rollout: Rollout,
  why: Why,
  rampMs: number | undefined,
  nowMs: number,
): Decision {
  const fromShare = wantedShare(rollout);
  if (rampMs === undefined || fromShare === 0) return { kind: "abort", why };
  const share = shareInRetreat({ fromShare, sinceMs: nowMs, forMs: rampMs }, nowMs);
  return share === 0 ? { kind: "abort", why } : { kind: "retreat", share, forMs: rampMs, why };
}

function abort(rollout: Rollout, decision: Decision): VerbAnswer {
  const { phase } = rollout;
  if (phase === "aborted") return { kind: "done" };
  if (phase === "successful") return refused("one that has not ended: undo it", rollout);
  const isAgain = phase === "retreating" && decision.kind === "retreat";
  return isAgain ? { kind: "done" } : decided(decision);
}

function undo(rollout: Rollout, decision: Decision): VerbAnswer {
  if (rollout.phase === "aborted") return { kind: "done" };
  if (rollout.phase !== "successful") return refused("a successful one: abort it", rollout);
  return decided(decision);
}

/** Whether it has ended, or is about to be aborted. */
function isGoingBack(rollout: Rollout): boolean {
  return hasEnded(rollout) || rollout.phase === "retreating";
}

function pause(rollout: Rollout, why: Why): VerbAnswer {
  if (rollout.phase === "paused") return { kind: "done" };
  if (isGoingBack(rollout)) return refused("one that goes on", rollout);
  return decided({ kind: "pause", why });
}

function resume(rollout: Rollout, why: Why): VerbAnswer {
  if (rollout.phase === "progressing") return { kind: "done" };
  if (isGoingBack(rollout)) return refused("one that goes on", rollout);
  if (rollout.why.rule === "gate")
    return refused("`promote`, as its plan has a gate here", rollout);
  return decided({ kind: "resume", why });
}

function promote(rollout: Rollout, why: Why, full: boolean): VerbAnswer {
  if (rollout.phase === "successful") return { kind: "done" };
  if (isGoingBack(rollout)) return refused("one that goes on", rollout);
  if (rollout.released) return refused("`resume` first, as somebody has taken it over", rollout);
  if (full) return decided({ kind: "succeed", why });
  return toNext(rollout, why);
}

/** What the rollout waits with, or for. */
function toNext(rollout: Rollout, why: Why): VerbAnswer {
  const stage = rollout.spec.stages[rollout.stage];
  switch (stage?.kind) {
    case undefined:
      return decided({ kind: "succeed", why });
    case "rolling":
      return refused("`full`, as its endpoints decide how it goes on", rollout);
    case "weight":
      return decided({ kind: "weight", share: stage.share, next: true, why });
    case "headerRoute":
    case "mirror":
      return decided(withoutShare(stage, why));
    case "evidence": {
      const share = shareAbove(rollout.step.share, rollout.spec.policy);
      if (share === 1) return decided({ kind: "succeed", why });
      return decided({ kind: "weight", share, next: false, why });
    }
    case "pause":
    case "analysis":
    case "checks":
    case "keep":
      return decided({ kind: "next", why });
  }
}

/** The next of the ladder. */
function shareAbove(share: number, { ramp }: RolloutPolicy): number {
  return ramp.ladder.find((each) => each > share) ?? 1;
}
