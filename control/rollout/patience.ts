import type { RolloutVerdict } from "../analysis/verdict.ts";
import type { Decision } from "./decision.ts";
import type { Rollout } from "./rollout.ts";
import type { Why } from "./why.ts";

/** Nothing is decided before stable has been seen. */
export const WATCHING: Why = {
  rule: "watching",
  text: "stable is watched before the first weight",
};

/** Nothing follows, and why. */
export function hold(why: Why): Decision {
  return { kind: "hold", why };
}

/** Why a verdict is as it is: what says most. */
export function first(verdict: RolloutVerdict): Why {
  return verdict.reasons[0] ?? { rule: "evidence", text: "" };
}

/** The same with everything that it says, and the rule of its last reason. */
export function last(verdict: RolloutVerdict): Why {
  const [why, over] = [first(verdict), verdict.reasons.at(-1)];
  const rule = over?.rule ?? why.rule;
  return { rule, text: verdict.reasons.map(({ text }) => text).join("; ") };
}

/** What the policy says when there was too little to decide by, for as long as it may wait. */
export function afterPatience({ spec }: Rollout, why: Why): Decision {
  switch (spec.policy.patience.onInconclusive) {
    case "pause":
      return { kind: "inconclusive", why };
    case "promote":
      return { kind: "succeed", why };
    case "abort":
      return { kind: "abort", why };
  }
}

/** Whether there was too little to decide by. */
export function isLacking(verdict: RolloutVerdict): boolean {
  return verdict.state === "inconclusive";
}

/** Both versions have had too few requests for anything. */
export function byLack(rollout: Rollout, verdict: RolloutVerdict): Decision {
  if (verdict.action === "hold") return hold(first(verdict));
  return afterPatience(rollout, last(verdict));
}

/** Waits until it is `forMs` after `sinceMs`, both as `nowMs` in milliseconds. */
export function whenOver(forMs: number, sinceMs: number, nowMs: number): Decision {
  const leftMs = sinceMs + forMs - nowMs;
  if (leftMs > 0) return hold({ rule: "time", text: `${Math.ceil(leftMs / 1_000)} s left` });
  return { kind: "next", why: { rule: "time", text: `${Math.round(forMs / 1_000)} s are over` } };
}

/** The same where somebody else could not be asked: that is no reason to promote. */
export function afterFailure(rollout: Rollout, why: Why): Decision {
  const decision = afterPatience(rollout, why);
  return decision.kind === "succeed" ? { kind: "inconclusive", why } : decision;
}
