import { FILTER_FAILURE_KINDS } from "../metrics/stats.ts";
import type { FilterFailureKind, FilterStats } from "../metrics/stats.ts";

/**
 * What one filter of one service did in this worker. Its replacements keep counting in the same
 * object.
 */
export class FilterCounts {
  readonly #failures = new Map<FilterFailureKind, number>();
  answers = 0;
  /** When the log last mentioned a failure, in monotonic milliseconds. */
  toldMs = -Infinity;

  failed(kind: FilterFailureKind): void {
    this.#failures.set(kind, (this.#failures.get(kind) ?? 0) + 1);
  }

  /** The counts as plain data for the primary. */
  stats(about: Pick<FilterStats, "service" | "filter" | "version">): FilterStats {
    const failures = FILTER_FAILURE_KINDS.map((kind) => this.#failures.get(kind) ?? 0);
    return { ...about, failures, answers: this.answers };
  }
}
