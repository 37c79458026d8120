import { compoundKey } from "../../proxy/base/compound-key.ts";
import { BUCKET_COUNT } from "../../proxy/metrics/histogram.ts";
import { ATTEMPT_OUTCOMES, CODE_CLASSES, FILTER_FAILURE_KINDS } from "../../proxy/metrics/stats.ts";
import { AllFlows } from "./flow-totals.ts";
import { addedCalls } from "../../proxy/metrics/version-counters.ts";
import { addedShadows } from "../../proxy/metrics/shadow-counts.ts";
import type { ShadowStats } from "../../proxy/metrics/shadow-counts.ts";
import { addedTunnels } from "../../proxy/metrics/tunnel-counters.ts";
import type {
  AccessLogCounts,
  ConcurrencyStats,
  ConnectionKind,
  EndpointStats,
  FilterStats,
  Http2Side,
  TunnelCounts,
  VersionStats,
  WorkerStats,
} from "../../proxy/metrics/stats.ts";

/** Counts of one version over all workers. */
export type VersionTotals = {
  /** By CODE_CLASSES index. */
  readonly codes: readonly number[];
  /** By ATTEMPT_OUTCOMES index. */
  readonly outcomes: readonly number[];
  readonly retries: number;
  readonly retriesCrossed: number;
  /** By bucket of proxy/metrics/histogram.ts; BUCKET_COUNT long. */
  readonly durations: readonly number[];
  readonly durationSumMs: number;
  readonly ejections: number;
  readonly exchangesOpen: number;
  readonly tunnelsOpen: number;
  /** Workers that use all its endpoints, as too few are usable. */
  readonly panicBy: number;
};

/** Counts of one filter over all workers. */
export type FilterTotals = {
  /** Versions that run: one, except during a replacement. Empty: none could be loaded. */
  readonly versions: readonly string[];
  /** By FILTER_FAILURE_KINDS index. */
  readonly failures: readonly number[];
  readonly answers: number;
};

/** An endpoint over all workers. */
export type EndpointTotals = {
  readonly inFlight: number;
  readonly idleConnections: number;
  /** Workers that have ejected it. */
  readonly ejectedBy: number;
  /** Milliseconds until the last of them takes it back. 0: not ejected. */
  readonly ejectedForMs: number;
};

const NO_VERSION: VersionTotals = {
  codes: CODE_CLASSES.map(() => 0),
  outcomes: ATTEMPT_OUTCOMES.map(() => 0),
  retries: 0,
  retriesCrossed: 0,
  durations: Array.from<number>({ length: BUCKET_COUNT }).fill(0),
  durationSumMs: 0,
  ejections: 0,
  exchangesOpen: 0,
  tunnelsOpen: 0,
  panicBy: 0,
};

const NO_ENDPOINT: EndpointTotals = {
  inFlight: 0,
  idleConnections: 0,
  ejectedBy: 0,
  ejectedForMs: 0,
};

const NO_FILTER: FilterTotals = {
  versions: [],
  failures: FILTER_FAILURE_KINDS.map(() => 0),
  answers: 0,
};

/** What all workers counted, added up. */
export class WorkerTotals {
  readonly rejected: ReadonlyMap<string, number>;
  /** Faults of our own, by the system's code. */
  readonly localFaults: ReadonlyMap<string, number>;
  readonly connections: Readonly<Record<ConnectionKind, number>>;
  readonly accessLog: AccessLogCounts;
  readonly flows: AllFlows;
  readonly #versions = new Map<string, VersionTotals>();
  readonly #endpoints = new Map<string, EndpointTotals>();
  readonly #filters = new Map<string, FilterTotals>();
  readonly #tunnels = new Map<string, TunnelCounts>();
  readonly #calls = new Map<string, readonly number[]>();
  readonly #workers: readonly WorkerStats[];

  constructor(workers: readonly WorkerStats[]) {
    this.#workers = workers;
    this.rejected = sumByName(workers.map((worker) => worker.rejected));
    this.localFaults = sumByName(workers.map((worker) => worker.localFaults ?? {}));
    this.connections = {
      h1: workers.reduce((sum, worker) => sum + worker.connections.h1, 0),
      h2: workers.reduce((sum, worker) => sum + worker.connections.h2, 0),
      tunnel: workers.reduce((sum, worker) => sum + worker.connections.tunnel, 0),
    };
    this.flows = new AllFlows(workers);
    this.accessLog = {
      written: workers.reduce((sum, worker) => sum + (worker.accessLog?.written ?? 0), 0),
      dropped: workers.reduce((sum, worker) => sum + (worker.accessLog?.dropped ?? 0), 0),
    };
    for (const { versions, endpoints, filters, tunnels = [] } of workers) {
      for (const stats of versions) this.#addVersion(stats);
      for (const stats of endpoints) this.#addEndpoint(stats);
      for (const stats of filters) this.#addFilter(stats);
      for (const { service, version, ...counts } of tunnels) {
        const before = this.tunnels(service, version);
        const sums = before === undefined ? counts : addedTunnels(before, counts);
        this.#tunnels.set(compoundKey(service, version), sums);
      }
    }
  }

  /** Zeros when no worker knows the version. */
  version(service: string, version: string): VersionTotals {
    return this.#versions.get(compoundKey(service, version)) ?? NO_VERSION;
  }

  /** undefined: no worker has had any. */
  tunnels(service: string, version: string): TunnelCounts | undefined {
    return this.#tunnels.get(compoundKey(service, version));
  }

  /** Calls of gRPC, as VersionStats.calls. Empty: there were none. */
  calls(service: string, version: string): readonly number[] {
    return this.#calls.get(compoundKey(service, version)) ?? [];
  }

  /** What connections of HTTP/2 have seen, by name of Http2Counts. */
  http2(side: Http2Side): ReadonlyMap<string, number> {
    return sumByName(this.#workers.map((worker) => worker.http2?.[side] ?? {}));
  }

  /** Zeros when no worker knows the endpoint. */
  endpoint(service: string, version: string, address: string): EndpointTotals {
    return this.#endpoints.get(compoundKey(service, version, address)) ?? NO_ENDPOINT;
  }

  /** Zeros when no worker knows the filter. */
  filter(service: string, filter: string): FilterTotals {
    return this.#filters.get(compoundKey(service, filter)) ?? NO_FILTER;
  }

  /** Errors that were answered for a service, by type. "": for none. */
  localReplies(service: string): ReadonlyMap<string, number> {
    const replies = this.#workers.flatMap((worker) => worker.localReplies ?? []);
    return sumByName(replies.filter((each) => each.service === service).map((each) => each.errors));
  }

  /** What policies of a service and its routes did, by word. */
  policyCounts(service: string): ReadonlyMap<string, number> {
    const all = this.#workers.flatMap((worker) => worker.policyCounts ?? []);
    return sumByName(all.filter((each) => each.service === service).map((each) => each.counts));
  }

  /** How answers of a service differ from those to copies. undefined: none was compared. */
  shadow(service: string): ShadowStats | undefined {
    const all = this.#workers.flatMap((worker) => worker.shadows ?? []);
    const [first, ...others] = all.filter((each) => each.service === service);
    return first === undefined ? undefined : others.reduce(addedShadows, first);
  }

  /** How many have told what they take: those that serve. */
  get workers(): number {
    return this.#workers.filter(({ usage }) => usage !== undefined).length;
  }

  /** How many requests for a service were answered 503 because a version was at its limits. */
  shed(service: string): number {
    const counts = [...this.policyCounts(service)];
    return counts.reduce((sum, [word, count]) => (word.startsWith("shed:") ? sum + count : sum), 0);
  }

  /** How many of a version wait, and what latency lets in. undefined: it sets no limit. */
  concurrency(service: string, version: string): Omit<ConcurrencyStats, "service" | "version"> {
    const all = this.#workers.flatMap((worker) => worker.concurrency ?? []);
    const own = all.filter((each) => each.service === service && each.version === version);
    const limits = own.flatMap(({ limit }) => (limit === undefined ? [] : [limit]));
    return {
      limit: limits.length === 0 ? undefined : limits.reduce((sum, limit) => sum + limit, 0),
      waiting: own.reduce((sum, { waiting }) => sum + waiting, 0),
    };
  }

  #addVersion(stats: VersionStats): void {
    const durations = [...NO_VERSION.durations];
    for (const [bucket, count] of stats.durations) durations[bucket] = count;
    const before = this.version(stats.service, stats.version);
    const key = compoundKey(stats.service, stats.version);
    const panicBy = stats.isPanic === true ? 1 : 0;
    this.#versions.set(key, addedTotals(before, { ...stats, durations, panicBy }));
    const calls = addedCalls(this.#calls.get(key), stats.calls);
    if (calls !== undefined) this.#calls.set(key, calls);
  }

  #addEndpoint(stats: EndpointStats): void {
    const before = this.endpoint(stats.service, stats.version, stats.address);
    this.#endpoints.set(compoundKey(stats.service, stats.version, stats.address), {
      inFlight: before.inFlight + stats.inFlight,
      idleConnections: before.idleConnections + stats.idleConnections,
      ejectedBy: before.ejectedBy + (stats.ejectedForMs > 0 ? 1 : 0),
      ejectedForMs: Math.max(before.ejectedForMs, stats.ejectedForMs),
    });
  }

  #addFilter(stats: FilterStats): void {
    const before = this.filter(stats.service, stats.filter);
    const versions = stats.version === "" ? before.versions : [...before.versions, stats.version];
    this.#filters.set(compoundKey(stats.service, stats.filter), {
      versions: [...new Set(versions)],
      failures: before.failures.map((count, index) => count + (stats.failures[index] ?? 0)),
      answers: before.answers + stats.answers,
    });
  }
}

/** The counts of one version in two places, together. */
export function addedTotals(one: VersionTotals, other: VersionTotals): VersionTotals {
  return {
    codes: addedCounts(one.codes, other.codes),
    outcomes: addedCounts(one.outcomes, other.outcomes),
    retries: one.retries + other.retries,
    retriesCrossed: one.retriesCrossed + other.retriesCrossed,
    durations: addedCounts(one.durations, other.durations),
    durationSumMs: one.durationSumMs + other.durationSumMs,
    ejections: one.ejections + other.ejections,
    exchangesOpen: one.exchangesOpen + other.exchangesOpen,
    tunnelsOpen: one.tunnelsOpen + other.tunnelsOpen,
    panicBy: one.panicBy + other.panicBy,
  };
}

function addedCounts(one: readonly number[], other: readonly number[]): number[] {
  return one.map((count, index) => count + (other[index] ?? 0));
}

/** Names hold no NUL, so no two lists of names give the same key. */

function sumByName(records: readonly Readonly<Record<string, number>>[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const record of records) {
    for (const [name, count] of Object.entries(record)) {
      sums.set(name, (sums.get(name) ?? 0) + count);
    }
  }
  return sums;
}
