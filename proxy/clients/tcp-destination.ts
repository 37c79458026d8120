import { FAILURES } from "../exchange/failures.ts";
import { poolForRetry } from "../exchange/retry.ts";
import type { ProxyError } from "../exchange/respond.ts";
import { fallback } from "../table/fallback.ts";
import { pickByKey } from "../table/rendezvous.ts";
import type { VersionTable } from "../table/version-table.ts";
import type { ConnectFailure } from "../upstream/connect-failure.ts";
import type { Endpoint } from "../upstream/endpoint.ts";
import { FirstAttempt } from "../upstream/first-attempt.ts";
import type { LiveService } from "../upstream/live-service.ts";
import type { UpstreamConnection, UpstreamUser } from "../upstream/upstream-connection.ts";
import type { VersionPool } from "../upstream/version-pool.ts";

/** An endpoint's connection that may not be ready yet, or the wait for one. */
export type Sought = UpstreamConnection | "waiting";

/**
 * Where one TCP connection goes: its version, chosen once, and the endpoints that are tried. Until
 * one stands it counts as under way at its version.
 */
export class TcpDestination {
  readonly #live: LiveService;
  /** The client's version is that of its address: it does not leave it. */
  #isPinned = false;
  #retries: number;
  readonly #first = new FirstAttempt();
  /** undefined: none has been chosen, or the connection no longer counts there. */
  #pool: VersionPool | undefined;

  constructor(live: LiveService) {
    this.#live = live;
    this.#retries = live.table.policy.retries.attempts;
  }

  /** Where it counts. undefined: nowhere. */
  get pool(): VersionPool | undefined {
    return this.#pool;
  }

  /**
   * Chooses the version: by the client's address if the service says so, else the next of its
   * sequence. One without a usable endpoint gives way to stable. Returns why there is none, which
   * is counted.
   * `address`: "" for a client that has none.
   */
  enter(address: string): ProxyError | undefined {
    const live = this.#live;
    const version = fallback(live.table, this.#pick(address), live.isUsable);
    if (version === undefined) return this.#refused("no-endpoint");
    const pool = live.poolOf(version);
    if (isFull(pool)) return this.#refused("overloaded", pool);
    pool.inFlight += 1;
    this.#pool = pool;
    const { observed } = pool;
    if (observed !== undefined) {
      this.#first.begin(observed, this, undefined, -1, observed.time.nowMs());
    }
    return undefined;
  }

  /** Seeks a connection to an endpoint; `avoid` has just failed. Returns why there will be none. */
  seek(user: UpstreamUser, avoid?: Endpoint): Sought | ProxyError {
    const pool = this.#pool;
    const { connectTimeoutMs } = this.#live.table.policy;
    const got = pool?.acquireLone(user, connectTimeoutMs, avoid) ?? "unavailable";
    if (got === "unavailable") return this.#refused("no-endpoint", pool);
    return got === "overloaded" ? this.#refused(got, pool) : got;
  }

  /**
   * There is no connection to the endpoint: counts that. Returns why the client gets none at all;
   * undefined: `seek` may go on, perhaps at another version.
   */
  failed(failure: ConnectFailure, endpoint: Endpoint | undefined): ProxyError | undefined {
    const pool = this.#pool;
    const { error, outcome } = FAILURES[failure === "stale" ? "reset" : failure];
    if (pool === undefined) return error;
    pool.counters.attempt(outcome);
    this.#first.ended(outcome, endpoint);
    if (endpoint !== undefined && outcome !== "local") pool.failed(endpoint);
    if (this.#retries === 0) return this.#refused(error, pool);
    this.#retries -= 1;
    this.#moveFrom(pool);
    return undefined;
  }

  /** An endpoint stands, and has the connection from now on. */
  reached(endpoint: Endpoint): void {
    const pool = this.#pool;
    if (pool === undefined) return;
    pool.counters.attempt("ok");
    this.#first.ended("ok", endpoint);
    pool.succeeded(endpoint);
    this.#live.upgraded(true);
    this.leave();
  }

  /** It does not count as under way any more. */
  leave(): void {
    if (this.#pool !== undefined) this.#pool.inFlight -= 1;
    this.#pool = undefined;
  }

  #pick(address: string): VersionTable | undefined {
    const { table, quota } = this.#live;
    this.#isPinned = table.snapshot.affinity?.kind === "clientIp" && address !== "";
    return this.#isPinned ? pickByKey(table, address) : quota.next(table);
  }

  #moveFrom(failed: VersionPool): void {
    const { across } = this.#live.table.policy.retries;
    const next = poolForRetry(this.#live, failed, across, this.#isPinned);
    failed.counters.retry(next !== failed);
    failed.inFlight -= 1;
    next.inFlight += 1;
    this.#pool = next;
  }

  /** Where no version has been chosen, stable would have had it. */
  #refused(error: ProxyError, pool = this.#live.poolOf(this.#live.table.stable)): ProxyError {
    pool.counters.tunnels.failed(error);
    this.#live.upgraded(false);
    return error;
  }
}

/** Those that are being connected will be tunnels too. */
function isFull({ counters, inFlight, policy }: VersionPool): boolean {
  return counters.tunnelsOpen + inFlight >= policy.limits.tunnels;
}
