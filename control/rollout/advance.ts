import { DECISIONS_KEPT_MAX, wantedShare } from "./rollout.ts";
import type { Phase, Rollout, Step } from "./rollout.ts";
import type { Decision } from "./decision.ts";

/** Who decided, and when in milliseconds since the Unix epoch. `by` undefined: the rollout. */
export type Deciding = { readonly nowMs: number; readonly by?: string | undefined };

/**
 * The rollout after a decision. Pure. What only looks, or writes the table again, leaves it as it
 * is: the same object.
 */
export function advance(rollout: Rollout, decision: Decision, deciding: Deciding): Rollout {
  const { nowMs } = deciding;
  switch (decision.kind) {
    case "hold":
      return rollout;
    case "apply":
      return rollout.settled ? { ...rollout, settled: false } : rollout;
    case "settle":
      return { ...rollout, settled: true, revision: decision.revision };
    case "weight": {
      const moved = withStep(rollout, decision, nowMs);
      return noted(decision.next ? withNextStage(moved, nowMs) : moved, decision, deciding);
    }
    case "next":
      return noted(withNextStage(rollout, nowMs), decision, deciding);
    case "resume": {
      const again = withStep(rollout, rollout.step, nowMs);
      return noted({ ...again, stageSinceMs: nowMs }, decision, deciding);
    }
    case "release":
      return noted({ ...rollout, released: true, settled: true }, decision, deciding);
    case "retreat": {
      const { share, forMs = 0 } = decision;
      const { rolling } = rollout.step;
      const begun = { fromShare: wantedShare(rollout), sinceMs: nowMs, forMs };
      const retreat = decision.forMs === undefined ? rollout.retreat : begun;
      return noted(
        { ...withStep(rollout, { share, rolling }, nowMs), retreat },
        decision,
        deciding,
      );
    }
    case "pause":
    case "inconclusive":
      return noted(rollout, decision, deciding);
    case "abort":
    case "succeed":
      return noted({ ...rollout, settled: false, released: false }, decision, deciding);
  }
}

/** Phases that decisions lead to; of others it stays, or becomes progressing. */
const PHASE_AFTER: Readonly<Partial<Record<Decision["kind"], Phase>>> = {
  pause: "paused",
  release: "paused",
  inconclusive: "inconclusive",
  retreat: "retreating",
  abort: "aborted",
  succeed: "successful",
};

function withStep(
  rollout: Rollout,
  { share, match, copies, rolling }: Omit<Step, "number" | "sinceMs">,
  nowMs: number,
): Rollout {
  const number = rollout.step.number + 1;
  const step = {
    number,
    share,
    ...(match && { match }),
    ...(copies && { copies }),
    ...(rolling && { rolling }),
    sinceMs: nowMs,
  };
  return { ...rollout, step, settled: false, released: false };
}

function withNextStage(rollout: Rollout, nowMs: number): Rollout {
  return { ...rollout, stage: rollout.stage + 1, stageSinceMs: nowMs };
}

function noted(rollout: Rollout, { kind, why }: Decision, { nowMs, by }: Deciding): Rollout {
  const isLetGo = kind === "release" && rollout.phase === "retreating";
  // What was on its way back does not go on when somebody has taken it over.
  const phase = isLetGo ? "aborted" : (PHASE_AFTER[kind] ?? "progressing");
  const shares: Partial<Record<Phase, number>> = { aborted: 0, successful: 1 };
  const share = shares[phase] ?? rollout.step.share;
  const decided = { ...why, atMs: nowMs, kind, phase, share, by };
  const history = [...rollout.history, decided].slice(-DECISIONS_KEPT_MAX);
  return { ...rollout, phase, why, history };
}
