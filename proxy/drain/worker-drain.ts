import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import type { DrainTerms } from "../messages/messages.ts";
import type { ClientConnections, OpenClient } from "../clients/client-connections.ts";
import { Migration } from "./migration.ts";
import { openWork } from "./open-work.ts";
import { keepPace, Pace } from "./pace.ts";
import type { PacedWork } from "./pace.ts";

/** Going away (RFC 6455 7.4.1). */
const CODE = 1001;

/**
 * A connection that was used more recently than this counts as in use: its next answer tells it to
 * close, so that no request collides with our FIN.
 */
const IN_USE_MS = 1_000;

/** How often idle connections are looked up. */
const SCAN_MS = 500;

/** What a drain works on. */
export type WorkerDrainDeps = {
  readonly connections: ClientConnections;
  readonly clock: Clock;
  readonly random: Random;
};

/**
 * Ends everything that a worker has open. From now on answers announce that their connection will
 * close; idle connections close at a rate, the longest idle first, so that all are closed by
 * softMs; tunnels and long responses end as in a migration; at hardMs the rest is cut.
 */
export class WorkerDrain implements PacedWork {
  readonly #terms: DrainTerms;
  readonly #deps: WorkerDrainDeps;
  readonly #beganMs: number;
  readonly #pace: Pace;
  readonly #migration: Migration;
  readonly #done = new AbortController();
  #idle: { readonly connection: OpenClient; readonly sinceMs: number }[] = [];
  #scanMs = -Infinity;

  /** Begins at once; `run` carries it on. */
  constructor(terms: DrainTerms, deps: WorkerDrainDeps) {
    const { connections, clock, random } = deps;
    this.#terms = terms;
    this.#deps = deps;
    this.#beganMs = clock.nowMs();
    this.#pace = new Pace(terms.perSecond, terms.jitter, random, this.#beganMs);
    connections.draining = true;
    const everything = { attempt: 1, paused: false, ageMs: -Infinity, activeMs: 0 };
    const unwatched = { failedPercentMax: 100, reconnectsMin: 0 };
    this.#migration = new Migration(
      { ...terms, ...everything, ...unwatched },
      {
        clock,
        random,
        code: CODE,
        work: () => openWork(connections),
        handshakes: () => ({ upgrades: 0, upgradesFailed: 0 }),
      },
    );
  }

  /** Resolves when nothing is open any more, at the latest at hardMs. */
  run(): Promise<void> {
    return keepPace(this, this.#pace, this.#deps.clock, this.#done.signal);
  }

  tick(nowMs: number): void {
    const { connections } = this.#deps;
    const elapsedMs = nowMs - this.#beganMs;
    if (elapsedMs >= this.#terms.hardMs) return this.#cut();
    if (elapsedMs >= this.#terms.softMs) for (const each of connections) each.closeWhenIdle();
    if (connections.isEmpty && this.#migration.settled) return this.#end();
    if (nowMs >= this.#scanMs + SCAN_MS) this.#scan(nowMs);
    return undefined;
  }

  turn(): boolean {
    for (;;) {
      const idle = this.#idle.shift();
      if (idle === undefined) return false;
      const { connection, sinceMs } = idle;
      // It has been used since, and its answer told it to close.
      if (connection.idleSinceMs !== sinceMs) continue;
      connection.closeWhenIdle();
      return true;
    }
  }

  #scan(nowMs: number): void {
    this.#scanMs = nowMs;
    const leftMs = this.#beganMs + this.#terms.softMs - nowMs;
    const idle = [...this.#deps.connections].flatMap((connection) => {
      const sinceMs = connection.idleSinceMs;
      return sinceMs === undefined ? [] : [{ connection, sinceMs }];
    });
    const needed = leftMs > 0 ? (idle.length * 1000) / leftMs : Infinity;
    this.#pace.setRate(Math.max(this.#terms.perSecond, needed), nowMs);
    this.#idle = idle
      .filter(({ sinceMs }) => nowMs - sinceMs >= IN_USE_MS)
      .toSorted((one, other) => one.sinceMs - other.sinceMs);
  }

  #cut(): void {
    for (const work of openWork(this.#deps.connections)) work.cut(CODE);
    this.#deps.connections.destroyAll();
    this.#end();
  }

  #end(): void {
    this.#migration.stop();
    this.#done.abort();
  }
}
