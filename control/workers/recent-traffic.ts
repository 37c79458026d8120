import { compoundKey } from "../../proxy/base/compound-key.ts";
import type { VersionStats, WorkerStats } from "../../proxy/metrics/stats.ts";
import { ATTEMPT_OUTCOMES } from "../../proxy/metrics/stats.ts";
import type { OpenAt } from "../table/warnings.ts";

/** Who had requests this long ago has traffic: long enough for clients that ask now and then. */
export const RECENT_MS = 60_000;

/** How far apart notes are that nobody asked for: RECENT_MS need not be exact. */
const NOTE_INTERVAL_MS = 5_000;

const NONE_OPEN = { exchangesOpen: 0, tunnelsOpen: 0 };

/** What is known of a service: how often it was used, and since when that has been so. */
type Use = { readonly requests: number; readonly sinceMs: number };

/** What came of the attempts at a version, and how many have failed since one did not. */
type Attempts = {
  readonly ok: number;
  readonly failed: number;
  readonly inRow: number;
  readonly sinceMs: number;
};

const NO_ATTEMPTS: Attempts = { ok: 0, failed: 0, inRow: 0, sinceMs: -Infinity };
/** A fault of our own says nothing of the version. */
const FAILURES = ATTEMPT_OUTCOMES.filter((outcome) => outcome !== "ok" && outcome !== "local");

/** What workers have told by themselves, as it is asked for. */
export type WorkersLately = {
  /** Of those that are gone, too. */
  readonly counts: readonly WorkerStats[];
  /** As that of Traffic. */
  readonly isBusy: (service: string) => boolean;
  /** See RecentTraffic.failures(). */
  readonly failures: (service: string, version: string) => number;
  /** How many workers have ejected an endpoint. */
  readonly ejectedBy: (service: string, version: string, address: string) => number;
  /** How many workers use all endpoints of a version, as too few are usable. */
  readonly panicBy: (service: string, version: string) => number;
};

/**
 * Which services have had requests lately, and which versions only failures, from counts that only
 * grow. One entry for each service and version that ever had any, as the counts have.
 */
export class RecentTraffic {
  readonly #uses = new Map<string, Use>();
  readonly #attempts = new Map<string, Attempts>();
  #notedMs = -Infinity;

  /** Whether it is time for a note again. */
  isDue(nowMs: number): boolean {
    return nowMs - this.#notedMs >= NOTE_INTERVAL_MS;
  }

  /** Takes note of what all workers count now. */
  note(stats: readonly WorkerStats[], nowMs: number): void {
    this.#notedMs = nowMs;
    const requests = new Map<string, number>();
    const open = new Set<string>();
    for (const version of stats.flatMap(({ versions }) => versions)) {
      const { service, codes, exchangesOpen, tunnelsOpen } = version;
      const count = codes.reduce((sum, each) => sum + each, 0);
      requests.set(service, (requests.get(service) ?? 0) + count);
      if (exchangesOpen + tunnelsOpen > 0) open.add(service);
    }
    // Where nothing serves no version has requests, but there is traffic all the same.
    for (const { service, errors } of stats.flatMap(({ localReplies = [] }) => localReplies)) {
      const count = Object.values(errors).reduce((sum, each) => sum + each, 0);
      requests.set(service, (requests.get(service) ?? 0) + count);
    }
    this.#noteAttempts(stats, nowMs);
    for (const [service, count] of requests) {
      const old = this.#uses.get(service);
      const isUsed = count > (old?.requests ?? 0) || open.has(service);
      const sinceMs = isUsed ? nowMs : (old?.sinceMs ?? -Infinity);
      this.#uses.set(service, { requests: count, sinceMs });
    }
  }

  /** Whether a service had requests, or something open, within RECENT_MS. */
  isBusy(service: string, nowMs: number): boolean {
    const { sinceMs = -Infinity } = this.#uses.get(service) ?? {};
    return nowMs - sinceMs < RECENT_MS;
  }

  /**
   * Attempts at a version that have failed since the last one that did not, as far as notes can
   * tell. 0 too when the last failure is longer ago than RECENT_MS.
   */
  failures(service: string, version: string, nowMs: number): number {
    const { inRow, sinceMs } = this.#attempts.get(compoundKey(service, version)) ?? NO_ATTEMPTS;
    return nowMs - sinceMs < RECENT_MS ? inRow : 0;
  }

  #noteAttempts(stats: readonly WorkerStats[], nowMs: number): void {
    const sums = new Map<string, Pick<Attempts, "ok" | "failed">>();
    for (const version of stats.flatMap(({ versions }) => versions)) {
      const key = compoundKey(version.service, version.version);
      const { ok, failed } = sums.get(key) ?? NO_ATTEMPTS;
      sums.set(key, { ok: ok + okOf(version), failed: failed + failedOf(version) });
    }
    for (const [key, { ok, failed }] of sums) {
      const old = this.#attempts.get(key) ?? NO_ATTEMPTS;
      const fresh = Math.max(0, failed - old.failed);
      const inRow = ok > old.ok ? 0 : old.inRow + fresh;
      const sinceMs = fresh > 0 ? nowMs : old.sinceMs;
      this.#attempts.set(key, { ok, failed, inRow, sinceMs });
    }
  }
}

function okOf({ outcomes }: VersionStats): number {
  return outcomes[ATTEMPT_OUTCOMES.indexOf("ok")] ?? 0;
}

function failedOf({ outcomes }: VersionStats): number {
  const counts = FAILURES.map((outcome) => outcomes[ATTEMPT_OUTCOMES.indexOf(outcome)] ?? 0);
  return counts.reduce((sum, count) => sum + count, 0);
}

/** How many workers have ejected an endpoint. */
export function ejectedBy(
  stats: readonly WorkerStats[],
): (service: string, version: string, address: string) => number {
  const counts = new Map<string, number>();
  for (const endpoint of stats.flatMap(({ endpoints }) => endpoints)) {
    if (endpoint.ejectedForMs === 0) continue;
    const key = compoundKey(endpoint.service, endpoint.version, endpoint.address);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return (...place) => counts.get(compoundKey(...place)) ?? 0;
}

/** How many workers use all endpoints of a version, as too few are usable. */
export function panicBy(
  stats: readonly WorkerStats[],
): (service: string, version: string) => number {
  const counts = new Map<string, number>();
  for (const { service, version, isPanic } of stats.flatMap(({ versions }) => versions)) {
    if (isPanic !== true) continue;
    const key = compoundKey(service, version);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return (...place) => counts.get(compoundKey(...place)) ?? 0;
}

/** What is open at each version, over all workers. */
export function openAt(stats: readonly WorkerStats[]): OpenAt {
  const counts = new Map<string, { exchangesOpen: number; tunnelsOpen: number }>();
  for (const version of stats.flatMap(({ versions }) => versions)) {
    const key = compoundKey(version.service, version.version);
    const { exchangesOpen, tunnelsOpen } = counts.get(key) ?? NONE_OPEN;
    counts.set(key, {
      exchangesOpen: exchangesOpen + version.exchangesOpen,
      tunnelsOpen: tunnelsOpen + version.tunnelsOpen,
    });
  }
  return { version: (service, version) => counts.get(compoundKey(service, version)) ?? NONE_OPEN };
}
