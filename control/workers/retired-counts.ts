import { addedBuckets } from "../../proxy/metrics/histogram.ts";
import type {
  FilterStats,
  TunnelStats,
  VersionStats,
  WorkerStats,
} from "../../proxy/metrics/stats.ts";
import { RetiredFlows } from "./retired-flows.ts";
import { addedCalls } from "../../proxy/metrics/version-counters.ts";
import { addedShadows } from "../../proxy/metrics/shadow-counts.ts";
import type { ShadowStats } from "../../proxy/metrics/shadow-counts.ts";
import { addedTunnels } from "../../proxy/metrics/tunnel-counters.ts";

/**
 * What workers that are gone had counted, so that sums never go backwards. One entry for each
 * version and filter, however many workers come and go.
 */
export class RetiredCounts {
  #versions = new Map<string, VersionStats>();
  #filters = new Map<string, FilterStats>();
  #tunnels = new Map<string, TunnelStats>();
  #rejected = new Map<string, number>();
  #faults = new Map<string, number>();
  readonly #http2 = { client: new Map<string, number>(), endpoint: new Map<string, number>() };
  readonly #flows = new RetiredFlows();
  #accessLog = { written: 0, dropped: 0 };
  #replies = new Map<string, Map<string, number>>();
  #shadows = new Map<string, ShadowStats>();
  #policies = new Map<string, Map<string, number>>();

  /** Takes a worker's last counts. undefined: it never sent any. */
  add(stats: WorkerStats | undefined): void {
    if (stats === undefined) return;
    for (const version of stats.versions) {
      const key = `${version.service}\0${version.version}`;
      this.#versions.set(key, sum(this.#versions.get(key), version));
    }
    for (const tunnels of stats.tunnels ?? []) {
      const key = `${tunnels.service}\0${tunnels.version}`;
      const before = this.#tunnels.get(key);
      const sums = before === undefined ? tunnels : addedTunnels(before, tunnels);
      this.#tunnels.set(key, { ...tunnels, ...sums });
    }
    for (const filter of stats.filters) {
      const key = `${filter.service}\0${filter.filter}`;
      this.#filters.set(key, sumFilter(this.#filters.get(key), filter));
    }
    addTo(this.#rejected, stats.rejected);
    addTo(this.#faults, stats.localFaults ?? {});
    addTo(this.#http2.client, stats.http2?.client ?? {});
    addTo(this.#http2.endpoint, stats.http2?.endpoint ?? {});
    this.#flows.add(stats);
    const { written = 0, dropped = 0 } = stats.accessLog ?? {};
    this.#accessLog.written += written;
    this.#accessLog.dropped += dropped;
    for (const { service, errors } of stats.localReplies ?? []) {
      addTo(sumsOf(this.#replies, service), errors);
    }
    for (const shadows of stats.shadows ?? []) {
      const before = this.#shadows.get(shadows.service);
      const sums = before === undefined ? shadows : addedShadows(before, shadows);
      this.#shadows.set(shadows.service, sums);
    }
    for (const { service, counts } of stats.policyCounts ?? []) {
      addTo(sumsOf(this.#policies, service), counts);
    }
  }

  /** The counts as those of one worker without connections. */
  stats(): readonly WorkerStats[] {
    const parts = [this.#versions, this.#tunnels, this.#rejected, this.#faults, this.#http2.client];
    const named = [this.#replies, this.#policies, this.#shadows];
    const { written, dropped } = this.#accessLog;
    const isEmpty = [...parts, ...named].every(({ size }) => size === 0);
    if (isEmpty && this.#flows.isEmpty && written + dropped === 0) return [];
    return [
      {
        versions: [...this.#versions.values()],
        ...this.#flows.stats,
        tunnels: [...this.#tunnels.values()],
        filters: [...this.#filters.values()],
        rejected: Object.fromEntries(this.#rejected),
        localReplies: [...this.#replies].map(([service, errors]) => {
          return { service, errors: Object.fromEntries(errors) };
        }),
        shadows: [...this.#shadows.values()],
        policyCounts: [...this.#policies].map(([service, counts]) => {
          return { service, counts: Object.fromEntries(counts) };
        }),
        localFaults: Object.fromEntries(this.#faults),
        http2: {
          client: Object.fromEntries(this.#http2.client),
          endpoint: Object.fromEntries(this.#http2.endpoint),
        },
        accessLog: { written, dropped },
        connections: { h1: 0, h2: 0, tunnel: 0 },
        revision: 0,
      },
    ];
  }
}

function sumsOf(named: Map<string, Map<string, number>>, service: string): Map<string, number> {
  const sums = named.get(service) ?? new Map<string, number>();
  named.set(service, sums);
  return sums;
}

function addTo(sums: Map<string, number>, counts: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(counts)) {
    sums.set(name, (sums.get(name) ?? 0) + count);
  }
}

function sum(before: VersionStats | undefined, stats: VersionStats): VersionStats {
  const { isPanic: _, ...counted } = stats;
  const now = { ...counted, exchangesOpen: 0, tunnelsOpen: 0 };
  if (before === undefined) return now;
  return {
    ...now,
    codes: before.codes.map((count, index) => count + (stats.codes[index] ?? 0)),
    // Older code knows fewer of them.
    outcomes: stats.outcomes.map((count, index) => count + (before.outcomes[index] ?? 0)),
    retries: before.retries + stats.retries,
    retriesCrossed: before.retriesCrossed + stats.retriesCrossed,
    durations: addedBuckets(before.durations, stats.durations),
    durationSumMs: before.durationSumMs + stats.durationSumMs,
    ejections: before.ejections + stats.ejections,
    calls: addedCalls(before.calls, stats.calls),
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
