import type { Random } from "../base/random.ts";
import type { ReadBuffers } from "../transport/read-buffers.ts";
import type { LocalFaults } from "../base/local-faults.ts";
import type { Clock } from "../base/clock.ts";
import type { TimerWheel } from "../base/timer-wheel.ts";
import type { UpstreamTls } from "../table/tls.ts";
import type { TlsContexts } from "../transport/tls-contexts.ts";
import type { ConnectionHandle } from "../base/connection-handle.ts";
import { VersionCounters } from "../metrics/version-counters.ts";
import type { EjectionPolicy, KeepAlive, Limits, VersionSnapshot } from "../table/snapshot.ts";
import { EndpointTls } from "./endpoint-tls.ts";
import type { Endpoint } from "./endpoint.ts";
import { Ejector } from "./ejector.ts";
import type { EjectionListener } from "./ejector.ts";
import { IdleConnections } from "./idle-connections.ts";
import type { Freshness } from "./idle-connections.ts";
import { UpstreamConnection } from "./upstream-connection.ts";
import type { ConnectionOwner, UpstreamUser } from "./upstream-connection.ts";
import { VersionEndpoints } from "./version-endpoints.ts";
import { WaitingLine } from "./waiting-line.ts";

/** What all pools of a worker share. */
export type PoolDeps = {
  readonly buffers: ReadBuffers;
  readonly wheel: TimerWheel;
  readonly random: Random;
  readonly onEjection: EjectionListener;
  readonly faults: LocalFaults;
  readonly contexts: TlsContexts;
  readonly clock: Pick<Clock, "wallMs">;
};

/** The part of a service's snapshot that its pools follow. */
export type PoolPolicy = {
  readonly limits: Limits;
  readonly ejection: EjectionPolicy;
  readonly slowStartMs: number;
  readonly keepAlive: KeepAlive;
  /** undefined: connections are in clear. */
  readonly upstreamTls?: UpstreamTls | undefined;
  /** Absent: they carry HTTP. */
  readonly tcp?: object | undefined;
};

/** Whether a version has all the tunnels that it may have. */
export function isFullOfTunnels({ counters, policy }: VersionPool): boolean {
  return counters.tunnelsOpen >= policy.limits.tunnels;
}

/** No endpoint; all limits reached; or wait for onUpstreamReady or onUpstreamFailed. */
export type NoConnection = "unavailable" | "overloaded" | "waiting";

/**
 * The endpoints of one version with their connections and counts. It outlives tables: `update`
 * keeps every endpoint whose address stays, and an equal snapshot touches nothing.
 */
export class VersionPool implements ConnectionOwner {
  readonly service: string;
  readonly version: string;
  readonly counters = new VersionCounters();
  /** Exchanges under way, and open connections that serve them, connecting ones included. */
  inFlight = 0;
  connections = 0;
  readonly #deps: PoolDeps;
  readonly #endpoints: VersionEndpoints;
  readonly #ejector: Ejector;
  readonly #idle = new IdleConnections();
  readonly #line = new WaitingLine();
  readonly #tls: EndpointTls;
  policy: PoolPolicy;
  #closed = false;

  constructor(service: string, version: string, policy: PoolPolicy, deps: PoolDeps) {
    this.service = service;
    this.version = version;
    this.policy = policy;
    this.#deps = deps;
    this.#endpoints = new VersionEndpoints(deps.wheel, deps.random);
    this.#ejector = new Ejector(this, deps.wheel, deps.onEjection);
    this.#tls = new EndpointTls(deps, policy.upstreamTls, policy.tcp !== undefined);
  }

  get endpoints(): ReadonlyMap<string, Endpoint> {
    return this.#endpoints.byAddress;
  }

  /** How many endpoints may get new work. */
  get usableCount(): number {
    return this.#endpoints.usableCount;
  }

  /** How many open connections rest at an endpoint. */
  idleCount(endpoint: Endpoint): number {
    return this.#idle.count(endpoint);
  }

  /** Whether the version may take one more exchange. */
  get full(): boolean {
    return this.inFlight >= this.policy.limits.inFlight;
  }

  /** Follows a new table: keeps endpoints by address, drops those that are gone. */
  update(snapshot: VersionSnapshot, policy: PoolPolicy): void {
    this.policy = policy;
    // Where nothing new arrives, no connection needs to wait for it.
    for (const endpoint of this.#endpoints.follow(snapshot)) this.#idle.close(endpoint);
    this.followTls();
    this.#serveWaiting();
  }

  /** The service's TLS, our certificate or the roots may be others: then connections are too. */
  followTls(): void {
    const { upstreamTls, tcp } = this.policy;
    if (this.#tls.follow(upstreamTls, tcp !== undefined)) this.closeIdle();
  }

  /** The endpoints' usability may have changed. */
  refresh(): void {
    this.#endpoints.refresh();
  }

  /**
   * A connection for `user`, an idle or a new one; onUpstreamReady or onUpstreamFailed follows.
   * `avoid`: the endpoint that has just failed, taken only when there is no other. Idle connections
   * that are not as fresh as wanted are only taken when there is no room for more.
   */
  acquire(
    user: UpstreamUser,
    connectTimeoutMs: number,
    avoid?: Endpoint,
    freshness: Freshness = "any",
  ): UpstreamConnection | NoConnection {
    const endpoint = this.#endpoints.pick(this.policy.slowStartMs, avoid);
    if (endpoint === undefined) return "unavailable";
    const idle = this.#idle.take(endpoint, freshness);
    if (idle !== undefined) return idle.attach(user);
    if (this.connections < this.policy.limits.connections) {
      return this.#connect(endpoint, user, connectTimeoutMs);
    }
    const other = this.#idle.takeAny(this.endpoints.values(), true);
    return other?.attach(user) ?? this.#wait(user, connectTimeoutMs);
  }

  /** Takes over a connection that another worker gave away; the caller sets its user at once. */
  adopt(handle: ConnectionHandle, address: string): UpstreamConnection {
    return this.#connect(this.#endpoints.findOrMake(address), undefined, 0, handle);
  }

  /** The user that was told "waiting" no longer waits. Nothing is called back. */
  cancel(user: UpstreamUser): void {
    const promised = this.#line.leave(user);
    if (promised !== undefined) this.discard(promised);
  }

  /**
   * The exchange has ended, and the connection is fit for the next one; `alone`: only of the same
   * client, which calls `resume`. false: it was not kept.
   */
  release(connection: UpstreamConnection, alone = false): boolean {
    // Somebody waits, but an unusable endpoint gets no new work: the place goes to another one.
    const isInTheWay = !alone && !connection.endpoint.usable && !this.#line.isEmpty;
    const keepAlive = alone ? undefined : this.policy.keepAlive;
    if (isInTheWay || this.#tls.isOld(connection) || this.#closed || !connection.rest(keepAlive)) {
      this.discard(connection);
      return false;
    }
    const next = alone ? undefined : this.#line.next();
    if (next === undefined) this.#idle.add(connection, alone);
    else this.#line.promised(next.user, connection.attach(next.user));
    return true;
  }

  /** Gives one that was kept for one client to its next exchange; see UpstreamPool. */
  resume(connection: UpstreamConnection, user: UpstreamUser): boolean {
    this.#idle.unbind(connection);
    if (this.#tls.isOld(connection) || !connection.endpoint.isOpen) this.discard(connection);
    return !connection.gone && connection.attach(user).user === user;
  }

  /** The connection is no longer of use. Its user hears nothing more. */
  discard(connection: UpstreamConnection): void {
    connection.free();
    connection.transport.destroy();
  }

  /** An attempt at the endpoint went well / badly. */
  succeeded(endpoint: Endpoint): void {
    endpoint.failures = 0;
  }

  failed(endpoint: Endpoint): void {
    this.#ejector.failed(endpoint);
  }

  onConnectionReady(connection: UpstreamConnection): void {
    if (connection.user === undefined) return;
    this.#line.settled(connection.user);
    connection.user.onUpstreamReady(connection);
  }

  onConnectionGone(connection: UpstreamConnection, user: UpstreamUser | undefined): void {
    this.connections -= 1;
    if (user !== undefined) this.#line.settled(user);
    this.#idle.forget(connection);
    // Its turn had come: whoever still waits comes after it.
    if (connection.looking) user?.onUpstreamFailed("stale", connection.endpoint);
    this.#serveWaiting();
  }

  /** Traffic leaves the version: connections that rest between requests close. */
  closeIdle(): void {
    for (const endpoint of this.endpoints.values()) this.#idle.close(endpoint);
  }

  /** The version is gone: idle connections close, what is under way ends. */
  close(): void {
    this.#closed = true;
    for (const endpoint of this.#endpoints.clear()) this.#idle.close(endpoint);
    this.#serveWaiting();
  }

  #connect(
    endpoint: Endpoint,
    user: UpstreamUser | undefined,
    connectTimeoutMs: number,
    handle?: ConnectionHandle,
  ): UpstreamConnection {
    const deps = { ...this.#deps, endpoint, tls: this.#tls, owner: this, connectTimeoutMs, handle };
    this.connections += 1;
    return new UpstreamConnection(deps, user);
  }

  #wait(user: UpstreamUser, connectTimeoutMs: number): NoConnection {
    const { connections, pending } = this.policy.limits;
    // Without any connection there is none to wait for either.
    if (connections === 0 || !this.#line.join({ user, connectTimeoutMs }, pending)) {
      return "overloaded";
    }
    // An idle connection of an unusable endpoint must not keep anyone waiting.
    this.#idle.takeAny(this.endpoints.values(), false)?.transport.destroy();
    return "waiting";
  }

  /** The first in line get new connections while there is room, or learn that there is none. */
  #serveWaiting(): void {
    while (this.usableCount === 0 || this.connections < this.policy.limits.connections) {
      const next = this.#line.next();
      if (next === undefined) return;
      const { user, connectTimeoutMs } = next;
      const endpoint = this.#endpoints.pick(this.policy.slowStartMs);
      if (endpoint === undefined) user.onUpstreamFailed("unreachable", undefined);
      else this.#line.promised(user, this.#connect(endpoint, user, connectTimeoutMs));
    }
  }
}
