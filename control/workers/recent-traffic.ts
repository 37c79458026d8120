import { compoundKey } from "../../proxy/base/compound-key.ts";
import type { WorkerStats } from "../../proxy/metrics/stats.ts";
import type { OpenAt } from "../table/warnings.ts";

/** Who had requests this long ago has traffic: long enough for clients that ask now and then. */
export const RECENT_MS = 60_000;

/** How far apart notes are that nobody asked for: RECENT_MS need not be exact. */
const NOTE_INTERVAL_MS = 5_000;

const NONE_OPEN = { exchangesOpen: 0, tunnelsOpen: 0 };

/** What is known of a service: how often it was used, and since when that has been so. */
type Use = { readonly requests: number; readonly sinceMs: number };

/**
 * Which services have had requests lately, from counts that only grow. One entry for each service
 * that ever had any, as the counts have.
 */
export class RecentTraffic {
  readonly #uses = new Map<string, Use>();
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
