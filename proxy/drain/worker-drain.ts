import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import type { DrainTerms } from "../messages/messages.ts";
import type { ClientConnections, OpenClient } from "../clients/client-connections.ts";
import { Migration } from "./migration.ts";
import { openWork } from "./open-work.ts";
import { keepPace, Pace } from "./pace.ts";
import type { PacedWork } from "./pace.ts";

/**
 * A connection that was used more recently than this counts as in use: its next answer tells it to
 * close, so that no request collides with our FIN.
 */
const IN_USE_MS = 1_000;

/** How often idle connections are looked up. */
const SCAN_MS = 500;

/** What a drain takes. */
export type WorkerDrainDeps = {
  readonly connections: ClientConnections;
  readonly clock: Clock;
  readonly random: Random;
};

/** What a drain ends. */
export type DrainScope = {
  /** Going away or service restart (RFC 6455 7.4.1). */
  readonly code: 1001 | 1012;
  /** Whether it covers a connection. */
  readonly covers: (connection: OpenClient) => boolean;
  /** Exchanges that have been under way for softMs are ended too. */
  readonly endsExchanges: boolean;
};

/** Everything: the worker ends. */
export const EVERYTHING: DrainScope = { code: 1001, covers: () => true, endsExchanges: true };

/** What cannot move to another worker, while the rest does. */
export const WHAT_STAYS: DrainScope = {
  code: 1012,
  covers: ({ staysHere }) => staysHere,
  endsExchanges: false,
};

/**
 * Ends what a worker has open. Answers announce meanwhile that their connection will close, which
 * the connections themselves know; idle connections close at a rate, the longest idle first, so
 * that all are closed by softMs; tunnels and long responses end as in a migration; at hardMs the
 * rest is cut.
 */
export class WorkerDrain implements PacedWork {
  readonly #terms: DrainTerms;
  readonly #deps: WorkerDrainDeps;
  readonly #scope: DrainScope;
  readonly #beganMs: number;
  readonly #pace: Pace;
  readonly #migration: Migration;
  readonly #done = new AbortController();
  #idle: { readonly connection: OpenClient; readonly sinceMs: number }[] = [];
  #scanMs = -Infinity;

  /** Begins at once; `run` carries it on. */
  constructor(terms: DrainTerms, deps: WorkerDrainDeps, scope: DrainScope) {
    const { clock, random } = deps;
    this.#terms = terms;
    this.#deps = deps;
    this.#scope = scope;
    this.#beganMs = clock.nowMs();
    this.#pace = new Pace(terms.perSecond, terms.jitter, random, this.#beganMs);
    const softMs = scope.endsExchanges ? terms.softMs : Infinity;
    const everything = { attempt: 1, paused: false, ageMs: -Infinity, activeMs: 0 };
    const unwatched = { failedPercentMax: 100, reconnectsMin: 0 };
    this.#migration = new Migration(
      { ...terms, softMs, ...everything, ...unwatched },
      {
        clock,
        random,
        code: scope.code,
        work: () => openWork(this.#covered),
        handshakes: () => ({ upgrades: 0, upgradesFailed: 0 }),
      },
    );
  }

  /** Resolves when nothing is open any more, at the latest at hardMs, or when it is stopped. */
  run(): Promise<void> {
    return keepPace(this, this.#pace, this.#deps.clock, this.#done.signal);
  }

  /** What it has not ended stays. */
  stop(): void {
    this.#end();
  }

  tick(nowMs: number): void {
    const { connections } = this.#deps;
    const elapsedMs = nowMs - this.#beganMs;
    if (elapsedMs >= this.#terms.hardMs) return this.#cut();
    if (elapsedMs >= this.#terms.softMs) for (const each of this.#covered) each.closeWhenIdle();
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
    const idle = this.#covered.flatMap((connection) => {
      const sinceMs = connection.idleSinceMs;
      return sinceMs === undefined ? [] : [{ connection, sinceMs }];
    });
    const needed = leftMs > 0 ? (idle.length * 1000) / leftMs : Infinity;
    this.#pace.setRate(Math.max(this.#terms.perSecond, needed), nowMs);
    this.#idle = idle
      .filter(({ sinceMs }) => nowMs - sinceMs >= IN_USE_MS)
      .toSorted((one, other) => one.sinceMs - other.sinceMs);
  }

  get #covered(): readonly OpenClient[] {
    return [...this.#deps.connections].filter(this.#scope.covers);
  }

  #cut(): void {
    for (const work of openWork(this.#covered)) work.cut(this.#scope.code);
    this.#deps.connections.destroyAll(this.#scope.covers);
    this.#end();
  }

  #end(): void {
    this.#migration.stop();
    this.#done.abort();
  }
}
