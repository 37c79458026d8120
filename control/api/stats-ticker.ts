import { pause } from "../../proxy/base/clock.ts";
import type { Clock } from "../../proxy/base/clock.ts";
import { errorText } from "../../proxy/base/error-text.ts";
import type { Services } from "../table/services.ts";
import { trafficBetween } from "../views/traffic-stats.ts";
import type { ServiceTraffic, TrafficSample } from "../views/traffic-stats.ts";
import type { WorkerTotals } from "../views/worker-totals.ts";

/** How far apart two `stats` are. */
const INTERVAL_MS = 1_000;

/** How far a `stats` looks back: long enough that a handful of requests does not flicker. */
export const STATS_WINDOW_MS = 10_000;

/** What an event `stats` says. */
export type Stats = {
  /** ISO 8601, UTC. */
  readonly time: string;
  /** Of the table. */
  readonly revision: number;
  /** How far back it looks. 0: it cannot tell anything yet, or the counts are missing. */
  readonly windowMs: number;
  /** Those that had traffic in the window, or have something open now. */
  readonly services: Readonly<Record<string, ServiceTraffic>>;
  /** Which worker did not answer. Absent: all did. */
  readonly countsMissing?: string;
};

type StatsTickerDeps = {
  readonly services: Pick<Services, "names" | "snapshot" | "revision">;
  /** Asks the workers. Rejects when one does not answer. */
  readonly totals: () => Promise<WorkerTotals>;
  readonly clock: Clock;
};

/** Asks the workers for their counts each second, while somebody watches, and says how it goes. */
export class StatsTicker {
  readonly #deps: StatsTickerDeps;
  readonly #watchers = new Set<(stats: Stats) => void>();
  /** Those of the window, oldest first. */
  #samples: readonly TrafficSample[] = [];
  #running: AbortController | undefined;

  constructor(deps: StatsTickerDeps) {
    this.#deps = deps;
  }

  /** Calls `watcher` once a second, which must be quick, until what it returns is called. */
  watch(watcher: (stats: Stats) => void): () => void {
    this.#watchers.add(watcher);
    if (this.#running === undefined) {
      this.#running = new AbortController();
      void this.#run(this.#running.signal);
    }
    return () => {
      this.#watchers.delete(watcher);
      if (this.#watchers.size > 0) return;
      this.#running?.abort();
      this.#running = undefined;
      this.#samples = [];
    };
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const stats = await this.#take(signal);
      if (signal.aborted) return;
      for (const watcher of this.#watchers) watcher(stats);
      await pause(this.#deps.clock, INTERVAL_MS, signal);
    }
  }

  async #take(signal: AbortSignal): Promise<Stats> {
    const { services, totals, clock } = this.#deps;
    try {
      const sample = { totals: await totals(), takenMs: clock.nowMs() };
      const { revision } = services;
      const time = new Date(clock.wallMs()).toISOString();
      if (signal.aborted) return { time, revision, windowMs: 0, services: {} };
      const oldestMs = sample.takenMs - STATS_WINDOW_MS;
      // One stays that is older than the window, unless it is just as old.
      const first = this.#samples.findLastIndex(({ takenMs }) => takenMs <= oldestMs);
      this.#samples = [...this.#samples.slice(Math.max(0, first)), sample];
      const [from = sample] = this.#samples;
      const snapshots = services.names().map((name) => services.snapshot(name));
      return {
        time,
        revision,
        windowMs: Math.round(sample.takenMs - from.takenMs),
        services: trafficBetween(from, sample, snapshots),
      };
    } catch (error) {
      const time = new Date(clock.wallMs()).toISOString();
      const { revision } = services;
      return { time, revision, windowMs: 0, services: {}, countsMissing: errorText(error) };
    }
  }
}
