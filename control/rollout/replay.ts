import type { RolloutPolicy } from "../analysis/judge-policy.ts";
import { canGoOn } from "./evidence-note.ts";
import type { EvidenceNote } from "./evidence-note.ts";
import { Judging, servingOf } from "./judging.ts";
import { secondOf } from "./look-entry.ts";
import type { LookEntry } from "./look-entry.ts";
import { reconcile } from "./reconcile.ts";
import type { Decision } from "./decision.ts";
import type { Rollout } from "./rollout.ts";

/** A look at which something else would be decided. */
export type ReplayDifference = {
  /** Milliseconds since the Unix epoch. */
  readonly atMs: number;
  readonly was: Decision;
  readonly is: Decision;
};

/** What comes of judging a rollout again. */
export type Replayed = {
  readonly id: string;
  /** How often it was looked at. */
  readonly looks: number;
  readonly differences: readonly ReplayDifference[];
};

type Begin = Extract<LookEntry, { readonly kind: "begin" }>;
type Look = Extract<LookEntry, { readonly kind: "look" }>;

/**
 * Decides again, at each look of each rollout in a log, by what was seen then; `policyOf` gives the
 * policy to judge by. With the one of the log the decisions are the same, bit for bit. With another
 * one they are those that it would have made at the weights that there were.
 */
export function replayRollouts(
  entries: readonly LookEntry[],
  policyOf: (rollout: Rollout) => RolloutPolicy,
): readonly Replayed[] {
  const replays = new Map<string, Replay>();
  for (const entry of entries) {
    if (entry.kind === "begin") {
      const { id, spec } = entry.rollout;
      const policy = policyOf(entry.rollout);
      const rollout = { ...entry.rollout, spec: { ...spec, policy } };
      const known = replays.get(id);
      if (known === undefined) replays.set(id, new Replay(rollout, entry.evidence));
      else known.begin(rollout, entry);
    } else replays.get(entry.id)?.look(entry);
  }
  return [...replays.values()].map((each) => each.report);
}

class Replay {
  #rollout: Rollout;
  #judging: Judging;
  #looks = 0;
  readonly #differences: ReplayDifference[] = [];

  constructor(rollout: Rollout, evidence: EvidenceNote | undefined) {
    this.#rollout = rollout;
    this.#judging = judgingOf(rollout, evidence);
  }

  get report(): Replayed {
    return { id: this.#rollout.id, looks: this.#looks, differences: this.#differences };
  }

  /** Somebody else leads it, or the same one after a restart. */
  begin(rollout: Rollout, { goesOn = false, evidence }: Begin): void {
    this.#rollout = rollout;
    if (goesOn) this.#judging.begin(rollout.step);
    else this.#judging = judgingOf(rollout, evidence);
  }

  look({ atMs, state, seconds, decision: was, ...seen }: Look): void {
    for (const second of seconds) this.#judging.add(secondOf(second), second.step);
    this.#judging.begin(state.step);
    const rollout = { ...this.#rollout, ...state };
    const { table, frozen, blindMs, blindFor, endpoints: _places, ...others } = seen;
    this.#judging.look(servingOf(table));
    const verdict = this.#judging.verdict(state.step);
    const { breach, shareMax, canaryRequests } = this.#judging;
    const judged = { verdict, breach, shareMax, canaryRequests };
    const observation = { table, ...judged, frozen, blindMs, blindFor, ...others };
    const is = reconcile(rollout, observation, atMs);
    this.#looks += 1;
    if (JSON.stringify(is) !== JSON.stringify(was)) this.#differences.push({ atMs, was, is });
  }
}

/** Evidence of a judge with other bets cannot be gone on with: what follows may differ then. */
function judgingOf(rollout: Rollout, evidence: EvidenceNote | undefined): Judging {
  const isKnown = evidence !== undefined && canGoOn(evidence, rollout.spec);
  const judging = new Judging(rollout.spec, isKnown ? evidence.judging : undefined);
  judging.begin(rollout.step);
  return judging;
}
