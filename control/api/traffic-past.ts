import { pause } from "../../proxy/base/clock.ts";
import type { Clock } from "../../proxy/base/clock.ts";
import type { WorkerStats } from "../../proxy/metrics/stats.ts";
import type { Services } from "../table/services.ts";
import { trafficBetween } from "../views/traffic-stats.ts";
import type { TrafficSample, VersionTraffic } from "../views/traffic-stats.ts";
import { WorkerTotals } from "../views/worker-totals.ts";

/** How far back it goes: as far as a look at what a shift has done. */
export const PAST_KEPT_MS = 15 * 60_000;

/** How far apart its moments are: a look at the workers' counts for each costs next to nothing. */
export const PAST_INTERVAL_MS = 10_000;

/** Versions of which it keeps a moment: those of hundreds of services. */
const VERSIONS_MAX = 1_000;

/** How a version did in the ten seconds before a moment. */
export type PastTraffic = Pick<VersionTraffic, "rate" | "errors" | "p99Ms">;

/** All services that had traffic in the ten seconds before it, by name, and their versions. */
type Moment = {
  readonly time: string;
  readonly services: ReadonlyMap<string, Readonly<Record<string, PastTraffic>>>;
};

type TrafficPastDeps = {
  readonly services: Pick<Services, "names" | "snapshot">;
  /** What the workers have told last: they are not asked. */
  readonly lastCounts: () => readonly WorkerStats[];
  readonly clock: Clock;
};

/** Remembers how traffic went, for whoever begins to look when something has happened already. */
export class TrafficPast {
  readonly #deps: TrafficPastDeps;
  readonly #ended = new AbortController();
  #moments: readonly Moment[] = [];

  constructor(deps: TrafficPastDeps) {
    this.#deps = deps;
  }

  /** Begins to remember, until end(). Never rejects. */
  async run(): Promise<void> {
    const { signal } = this.#ended;
    let before = this.#sample();
    while (!signal.aborted) {
      await pause(this.#deps.clock, PAST_INTERVAL_MS, signal);
      if (signal.aborted) return;
      const now = this.#sample();
      const moment = this.#momentBetween(before, now);
      this.#moments = [...this.#moments, moment].slice(-PAST_KEPT_MS / PAST_INTERVAL_MS);
      before = now;
    }
  }

  end(): void {
    this.#ended.abort();
  }

  /** Moments of a service, oldest first. Versions that are absent had no traffic. */
  of(service: string): readonly {
    readonly time: string;
    readonly versions: Readonly<Record<string, PastTraffic>>;
  }[] {
    return this.#moments.map(({ time, services }) => {
      return { time, versions: services.get(service) ?? {} };
    });
  }

  #sample(): TrafficSample {
    const { lastCounts, clock } = this.#deps;
    return { takenMs: clock.nowMs(), totals: new WorkerTotals(lastCounts()) };
  }

  #momentBetween(before: TrafficSample, now: TrafficSample): Moment {
    const { services, clock } = this.#deps;
    const snapshots = services.names().map((name) => services.snapshot(name));
    const traffic = Object.entries(trafficBetween(before, now, snapshots));
    let room = VERSIONS_MAX;
    const kept = traffic.flatMap(([name, { versions }]) => {
      const entries = Object.entries(versions);
      room -= entries.length;
      return room < 0 ? [] : [[name, Object.fromEntries(entries.map(shortened))] as const];
    });
    return { time: new Date(clock.wallMs()).toISOString(), services: new Map(kept) };
  }
}

function shortened([name, traffic]: readonly [string, VersionTraffic]): [string, PastTraffic] {
  const { rate, errors, p99Ms } = traffic;
  return [name, { rate, errors, ...(p99Ms === undefined ? {} : { p99Ms }) }];
}
