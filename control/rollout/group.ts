import { withoutShare } from "./decision.ts";
import type { Decision } from "./decision.ts";
import { hasEnded } from "./rollout.ts";
import type { Phase, Rollout } from "./rollout.ts";
import type { Why } from "./why.ts";

/** How long a rollout of a group waits for one that cannot be seen: they begin one by one. */
const MISSING_GRACE_MS = 10_000;

/** Another service's rollout of the same group. */
export type Sibling = {
  readonly service: string;
  /** undefined: there is none, or it is not the service's latest any more. */
  readonly phase: Phase | undefined;
  readonly stage: number;
  readonly share: number;
  readonly settled: boolean;
  /** The share that it wants next by itself. undefined: it wants to stay where it is. */
  readonly wants: number | undefined;
};

type Move = Extract<Decision, { readonly kind: "weight" | "next" | "succeed" }>;

/** The share that a decision leads to. undefined: it is no step. */
export function shareWanted(decision: Decision): number | undefined {
  if (!isMove(decision)) return undefined;
  return decision.kind === "weight" ? decision.share : 1;
}

/**
 * What becomes of a rollout's own decision in its group: all take a step, or none; one that is
 * behind, since somebody has died between two, follows; and an abort of one is one of all. Pure.
 */
export function inGroup(
  rollout: Rollout,
  own: Decision,
  siblings: readonly Sibling[],
  nowMs: number,
): Decision {
  if (rollout.phase === "aborted" || own.kind === "abort") return own;
  const lost = siblings.find((each) => isLost(each, rollout, nowMs));
  if (lost !== undefined) return { kind: "abort", why: ofGroup(lost, "is aborted") };
  if (hasEnded(rollout) || rollout.phase === "retreating") return own;
  const isFree = rollout.phase === "progressing" && rollout.settled;
  const ahead = siblings.find((each) => isAhead(each, rollout));
  if (isFree && ahead !== undefined) return follow(rollout, ahead);
  return isMove(own) ? together(rollout, own, siblings) : own;
}

function isMove(decision: Decision): decision is Move {
  const { kind } = decision;
  return kind === "weight" || kind === "next" || kind === "succeed";
}

function ofGroup({ service }: Sibling, text: string): Why {
  return { rule: "group", text: `${service} of the group ${text}` };
}

function isLost({ phase }: Sibling, rollout: Rollout, nowMs: number): boolean {
  if (phase !== undefined) return phase === "aborted";
  // After its end another one of that service may have begun.
  return !hasEnded(rollout) && nowMs - rollout.startedMs >= MISSING_GRACE_MS;
}

function isAhead({ phase, stage, share }: Sibling, rollout: Rollout): boolean {
  if (phase === undefined || phase === "retreating") return false;
  if (phase === "successful") return true;
  return stage > rollout.stage || (stage === rollout.stage && share > rollout.step.share);
}

function follow(rollout: Rollout, ahead: Sibling): Decision {
  const why = ofGroup(ahead, "is there already");
  if (ahead.phase === "successful") return { kind: "succeed", why };
  const next = ahead.stage > rollout.stage;
  const stage = rollout.spec.stages[rollout.stage];
  if (next && (stage?.kind === "headerRoute" || stage?.kind === "mirror")) {
    return withoutShare(stage, why);
  }
  if (ahead.share > rollout.step.share) return { kind: "weight", share: ahead.share, next, why };
  return { kind: "next", why };
}

/** A step, if all want one: the smallest. */
function together(rollout: Rollout, own: Move, siblings: readonly Sibling[]): Decision {
  const late = siblings.find(({ phase, settled, wants }) => {
    return phase !== "progressing" || !settled || wants === undefined;
  });
  const behind = siblings.find((each) => {
    return each.stage !== rollout.stage || each.share !== rollout.step.share;
  });
  const waitsFor = late ?? behind;
  if (waitsFor !== undefined) return { kind: "hold", why: ofGroup(waitsFor, "is not as far yet") };
  const least = Math.min(...siblings.map(({ wants = 1 }) => wants));
  const share = shareWanted(own) ?? 1;
  if (least >= share) return own;
  return { kind: "weight", share: least, next: false, why: own.why };
}
