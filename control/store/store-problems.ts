import type { Clock } from "../../proxy/base/clock.ts";
import type { Log } from "../../proxy/base/log.ts";

/**
 * silence: the registry cannot be reached. refusal: what it holds cannot be used. writing: the disk
 * takes nothing.
 */
export type ProblemKind = "silence" | "refusal" | "writing";

/** Receives reports of problems. */
export type StoreProblemsDeps = {
  readonly clock: Clock;
  readonly log: Log;
  /** Called when `current` changes. Must not throw. */
  readonly onProblem?: ((problem: string | undefined) => void) | undefined;
};

/** Why the table in force may differ from the store's, or cannot be stored, and since when. */
export class StoreProblems {
  readonly #deps: StoreProblemsDeps;
  readonly #reasons = new Map<ProblemKind, string>();
  #sinceMs: number | undefined;

  constructor(deps: StoreProblemsDeps) {
    this.#deps = deps;
  }

  /** undefined: there is none. */
  get current(): string | undefined {
    const reasons = this.#reasons;
    return reasons.get("silence") ?? reasons.get("refusal") ?? reasons.get("writing");
  }

  /** How long there has been one. 0: there is none. */
  ageMs(): number {
    return this.#sinceMs === undefined ? 0 : this.#deps.clock.nowMs() - this.#sinceMs;
  }

  /** Notes a problem; with undefined as reason, ends those of its kind. */
  report(kind: ProblemKind, reason: string | undefined): void {
    const { clock, log, onProblem } = this.#deps;
    const before = this.current;
    if (reason === undefined) this.#reasons.delete(kind);
    else this.#reasons.set(kind, reason);
    const problem = this.current;
    if (problem === before) return;
    this.#sinceMs = problem === undefined ? undefined : (this.#sinceMs ?? clock.nowMs());
    if (problem === undefined) log.info("store.in_step");
    else log.warn("store.out_of_step", { problem });
    onProblem?.(problem);
  }
}
