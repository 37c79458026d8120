import type { Decision } from "./decision.ts";
import type { HookPoint } from "./others-asked.ts";
import { afterFailure, hold } from "./patience.ts";
import type { Rollout } from "./rollout.ts";
import type { Why } from "./why.ts";

/** What has been asked of the hooks of a point, and what they say. */
export type HookAnswer = {
  /** Which step it is about: see questionOf(). */
  readonly question: string;
  /** yes: all of them let it go on. no: one does not. failed: one cannot be asked. */
  readonly says: "waiting" | "yes" | "no" | "failed";
  readonly text: string;
};

/** A step that hooks are asked about. */
export type HookQuestion = {
  readonly id: string;
  readonly point: Exclude<HookPoint, "afterEnd">;
  readonly names: readonly string[];
  /** The share that the step gives, 0 … 1. */
  readonly nextShare: number;
};

/** What hooks have to be asked before a decision. undefined: nothing. Pure. */
export function questionOf(rollout: Rollout, decision: Decision): HookQuestion | undefined {
  const point = pointOf(decision);
  const names = point === undefined ? undefined : rollout.spec.hooks?.[point];
  if (point === undefined || names === undefined || names.length === 0) return undefined;
  const { step, stage } = rollout;
  const nextShare = decision.kind === "weight" ? decision.share : 1;
  return { id: `${point}/${stage}/${step.number}`, point, names, nextShare };
}

/** A decision as the hooks let it: they are asked before a step, never before an abort. Pure. */
export function asHooksSay(
  rollout: Rollout,
  decision: Decision,
  answer: HookAnswer | undefined,
): Decision {
  const question = questionOf(rollout, decision);
  if (question === undefined) return decision;
  const { says, text } =
    answer?.question === question.id ? answer : { says: "waiting", text: "asked" };
  const why: Why = { rule: "hook", text };
  switch (says) {
    case "yes":
      return decision;
    case "no":
      return { kind: "pause", why };
    case "failed":
      return afterFailure(rollout, why);
    default:
      return hold({ rule: "hook", text: `waits for ${question.names.join(", ")}` });
  }
}

function pointOf(decision: Decision): HookQuestion["point"] | undefined {
  if (decision.kind === "succeed") return "beforePromotion";
  if (decision.kind !== "weight") return undefined;
  // A switch of all traffic promotes too.
  return decision.share === 1 ? "beforePromotion" : "beforeStep";
}
