import type { ConnectionHandle } from "../base/connection-handle.ts";
import type { TunnelWitnesses } from "../metrics/tunnel-record.ts";
import { VersionCounters } from "../metrics/version-counters.ts";
import type { SplitPlace } from "../table/split-place.ts";
import type { VersionSnapshot } from "../table/snapshot.ts";
import type { TimerWheel } from "../base/timer-wheel.ts";
import { AdaptiveLimit } from "./adaptive-limit.ts";
import type { Endpoint } from "./endpoint.ts";
import { Ejector } from "./ejector.ts";
import type { Freshness } from "./idle-connections.ts";
import type { ObservedVersion } from "./observed-version.ts";
import { PoolConnections } from "./pool-connections.ts";
import type { PoolLine, Slot } from "./pool-connections.ts";
import type { NoConnection, PanicTurn, PoolDeps, PoolPolicy } from "./pool-policy.ts";
import type { MessageUser, UpstreamConnection, UpstreamUser } from "./upstream-connection.ts";
import { RunningQuantile } from "./running-quantile.ts";
import { TurnLine } from "./turn-line.ts";
import { VersionEndpoints } from "./version-endpoints.ts";
import { WaitingLine } from "./waiting-line.ts";

/** An exchange that takes longer than this part of all is slow. */
const SLOW_SHARE = 0.95;

/** Whether a version has all the tunnels that it may have. */
export function isFullOfTunnels({ counters, policy }: VersionPool): boolean {
  return counters.tunnelsOpen >= policy.limits.tunnels;
}

/** Counts one more as under way, if there is room; `share`: see VersionPool.hasRoom(). */
export function enters(pool: VersionPool, share: number): boolean {
  if (!pool.hasRoom(share)) return false;
  pool.inFlight += 1;
  return true;
}

/** What is told when panic begins or ends; `usable`: how many have nothing against them. */
function panicTurn(pool: VersionPool, usable: number): PanicTurn {
  const { service, version, isPanic, endpoints } = pool;
  const kind = isPanic ? "panic" : "panic-ended";
  return { kind, service, version, usable, endpoints: endpoints.size };
}

/** The limit that latency sets, where the policy wants that; `known`: that of before. */
function adaptiveFor(
  { limits: { adaptive = false, inFlight } }: PoolPolicy,
  known: AdaptiveLimit | undefined,
  nowMs: number,
): AdaptiveLimit | undefined {
  if (!adaptive) return undefined;
  known?.follow(inFlight);
  return known ?? new AdaptiveLimit(inFlight, nowMs);
}

/**
 * The endpoints of one version with their connections and counts. It outlives tables: `update`
 * keeps every endpoint whose address stays, and an equal snapshot touches nothing.
 */
export class VersionPool {
  readonly service: string;
  readonly version: string;
  readonly counters = new VersionCounters();
  readonly witness: TunnelWitnesses;
  /** Where first attempts are counted by the second. undefined: nobody wants to know. */
  observed: ObservedVersion | undefined;
  /** Exchanges under way. */
  inFlight = 0;
  /** Those that wait because there are too many. */
  readonly turns = new TurnLine();
  /** undefined: the configured limit is in force. */
  #adaptive: AdaptiveLimit | undefined;
  /** undefined: nobody asks. */
  #slow: RunningQuantile | undefined;
  readonly #wheel: TimerWheel;
  readonly #endpoints: VersionEndpoints;
  readonly #ejector: Ejector;
  /** Exchanges that wait for a connection. */
  readonly line: PoolLine = new WaitingLine();
  readonly #connections: PoolConnections;
  policy: PoolPolicy;

  constructor(service: string, version: string, policy: PoolPolicy, deps: PoolDeps) {
    this.service = service;
    this.version = version;
    this.policy = policy;
    this.witness = deps.witness;
    this.#wheel = deps.wheel;
    this.#adaptive = adaptiveFor(policy, undefined, deps.wheel.nowMs);
    this.#ejector = new Ejector(this, deps.wheel, deps.onEjection);
    this.#endpoints = new VersionEndpoints(deps.wheel, deps.random, (usable) => {
      deps.onPanic(panicTurn(this, usable));
      if (this.isPanic) this.#ejector.readmitAll();
    });
    this.#connections = new PoolConnections(this.#endpoints, policy, deps, this.line);
  }

  get endpoints(): ReadonlyMap<string, Endpoint> {
    return this.#endpoints.byAddress;
  }

  /** How many endpoints may get new work. */
  get usableCount(): number {
    return this.#endpoints.usableCount;
  }

  /** Whether so few endpoints are usable that all of them are used. */
  get isPanic(): boolean {
    return this.#endpoints.isPanic;
  }

  /** Open connections that serve exchanges, connecting ones included. */
  get connections(): number {
    return this.#connections.count;
  }

  /** How many open connections rest at an endpoint. */
  idleCount(endpoint: Endpoint): number {
    return this.#connections.idleCount(endpoint);
  }

  /** How many exchanges it may have under way. */
  get limit(): number {
    return this.#adaptive?.limit ?? this.policy.limits.inFlight;
  }

  /** How long one may wait for a connection, in ms. 0: as long as for an answer. */
  get pendingTimeoutMs(): number {
    return this.policy.limits.pendingTimeoutMs ?? 0;
  }

  /** How long 95 of 100 exchanges take lately, in ms. undefined: too little was seen. */
  get slowMs(): number | undefined {
    return this.#slow?.value;
  }

  /** Begins to look at how long exchanges take, if it does not yet. */
  watchLatency(): void {
    this.#slow ??= new RunningQuantile(SLOW_SHARE);
  }

  /** Whether latency sets the limit. */
  get isAdaptive(): boolean {
    return this.#adaptive !== undefined;
  }

  /** Whether it may take one more exchange. `share`: of its limit that may be in use by then. */
  hasRoom(share: number): boolean {
    return this.inFlight < this.limit * share;
  }

  /** An exchange of `shares`' service has left, after `durationMs` if it went well; else -1. */
  left(durationMs: number, shares: readonly [number, number, number]): void {
    if (durationMs >= 0) {
      this.#adaptive?.sample(durationMs, this.inFlight, this.#wheel.nowMs);
      this.#slow?.add(durationMs);
    }
    this.inFlight -= 1;
    if (this.turns.size > 0) this.turns.serve((rank) => enters(this, shares[rank]));
  }

  /** Follows a new table: keeps endpoints by address, drops those that are gone. */
  update(snapshot: VersionSnapshot, policy: PoolPolicy): void {
    this.policy = policy;
    this.#adaptive = adaptiveFor(policy, this.#adaptive, this.#wheel.nowMs);
    this.#connections.follow(policy, this.#endpoints.follow(snapshot, policy));
  }

  /** The service's TLS, our certificate or the roots may be others: then connections are too. */
  followTls(): void {
    this.#connections.followTls();
  }

  /** The endpoints' usability may have changed. */
  refresh(): void {
    this.#endpoints.refresh();
  }

  /**
   * A connection for `user`, an idle or a new one, or a stream of one; onUpstreamReady or
   * onUpstreamFailed follows unless it is ready. `avoid`: the endpoint that has just failed, taken
   * only when there is no other. Idle connections that are not as fresh as wanted are only taken
   * when there is no room for more. `place`: the endpoint follows from it, as long as that may get
   * new work and the pool has room.
   */
  acquire(
    user: MessageUser,
    connectTimeoutMs: number,
    avoid?: Endpoint,
    freshness: Freshness = "any",
    place?: Readonly<SplitPlace>,
  ): Slot | NoConnection {
    const endpoint = this.#endpoints.pick(this.policy.slowStartMs, avoid, place);
    if (endpoint === undefined) return "unavailable";
    return this.#connections.acquire(endpoint, { user, connectTimeoutMs }, freshness);
  }

  /** As acquire(), of a service that speaks no HTTP: a connection that nobody has used before. */
  acquireLone(
    user: UpstreamUser,
    connectTimeoutMs: number,
    avoid?: Endpoint,
  ): UpstreamConnection | NoConnection {
    const endpoint = this.#endpoints.pick(this.policy.slowStartMs, avoid);
    if (endpoint === undefined) return "unavailable";
    return this.#connections.acquireLone(endpoint, { user, connectTimeoutMs }, "new");
  }

  /** Takes over a connection that another worker gave away; the caller sets its user at once. */
  adopt(handle: ConnectionHandle, address: string): UpstreamConnection {
    return this.#connections.adopt(handle, this.#endpoints.findOrMake(address));
  }

  /** The user that was told "waiting" no longer waits. Nothing is called back. */
  cancel(user: UpstreamUser): void {
    this.#connections.cancel(user);
  }

  /** It is fit for the next exchange; `alone`: of one client, which resumes. false: not kept. */
  release(slot: Slot, alone = false): boolean {
    return this.#connections.release(slot, alone);
  }

  /** Gives one that was kept for one client to its next exchange; see UpstreamPool. */
  resume(slot: Slot, user: MessageUser): boolean {
    return this.#connections.resume(slot, user);
  }

  /** It is no longer of use. Its user hears nothing more. */
  discard(slot: Slot): void {
    this.#connections.discard(slot);
  }

  /** An attempt at the endpoint went well / badly. */
  succeeded(endpoint: Endpoint): void {
    endpoint.wells += 1;
    this.#ejector.succeeded(endpoint);
  }

  failed(endpoint: Endpoint): void {
    endpoint.bads += 1;
    this.#ejector.failed(endpoint);
  }

  /** Traffic leaves the version: connections that rest between requests close. */
  closeIdle(): void {
    this.#connections.closeIdle();
  }

  /** The version is gone: idle connections close, what is under way ends. */
  close(): void {
    this.#connections.close(this.#endpoints.clear());
  }
}
