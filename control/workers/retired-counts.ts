import type { FilterStats, VersionStats, WorkerStats } from "../../proxy/metrics/stats.ts";

/**
 * What workers that are gone had counted, so that sums never go backwards. One entry for each
 * version and filter, however many workers come and go.
 */
export class RetiredCounts {
  #versions = new Map<string, VersionStats>();
  #filters = new Map<string, FilterStats>();
  #rejected = new Map<string, number>();

  /** Takes a worker's last counts. undefined: it never sent any. */
  add(stats: WorkerStats | undefined): void {
    if (stats === undefined) return;
    for (const version of stats.versions) {
      const key = `${version.service}\0${version.version}`;
      this.#versions.set(key, sum(this.#versions.get(key), version));
    }
    for (const filter of stats.filters) {
      const key = `${filter.service}\0${filter.filter}`;
      this.#filters.set(key, sumFilter(this.#filters.get(key), filter));
    }
    for (const [reason, count] of Object.entries(stats.rejected)) {
      this.#rejected.set(reason, (this.#rejected.get(reason) ?? 0) + count);
    }
  }

  /** The counts as those of one worker without connections. */
  stats(): readonly WorkerStats[] {
    if (this.#versions.size === 0 && this.#rejected.size === 0) return [];
    return [
      {
        versions: [...this.#versions.values()],
        endpoints: [],
        filters: [...this.#filters.values()],
        rejected: Object.fromEntries(this.#rejected),
        connections: { h1: 0, tunnel: 0 },
        revision: 0,
      },
    ];
  }
}

function sum(before: VersionStats | undefined, stats: VersionStats): VersionStats {
  const now = { ...stats, exchangesOpen: 0, tunnelsOpen: 0 };
  if (before === undefined) return now;
  const durations = new Map(before.durations);
  for (const [bucket, count] of stats.durations) {
    durations.set(bucket, (durations.get(bucket) ?? 0) + count);
  }
  return {
    ...now,
    codes: before.codes.map((count, index) => count + (stats.codes[index] ?? 0)),
    outcomes: before.outcomes.map((count, index) => count + (stats.outcomes[index] ?? 0)),
    retries: before.retries + stats.retries,
    retriesCrossed: before.retriesCrossed + stats.retriesCrossed,
    durations: [...durations],
    durationSumMs: before.durationSumMs + stats.durationSumMs,
    ejections: before.ejections + stats.ejections,
  };
}

/** Workers that are gone run no version any more. */
function sumFilter(before: FilterStats | undefined, stats: FilterStats): FilterStats {
  return {
    ...stats,
    version: "",
    failures: stats.failures.map((count, index) => count + (before?.failures[index] ?? 0)),
    answers: stats.answers + (before?.answers ?? 0),
  };
}
