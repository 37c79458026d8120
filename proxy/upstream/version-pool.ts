import type { ConnectionHandle } from "../base/connection-handle.ts";
import { VersionCounters } from "../metrics/version-counters.ts";
import type { VersionSnapshot } from "../table/snapshot.ts";
import type { Endpoint } from "./endpoint.ts";
import { Ejector } from "./ejector.ts";
import type { Freshness } from "./idle-connections.ts";
import { PoolConnections } from "./pool-connections.ts";
import type { Slot } from "./pool-connections.ts";
import type { NoConnection, PoolDeps, PoolPolicy } from "./pool-policy.ts";
import type { MessageUser, UpstreamConnection, UpstreamUser } from "./upstream-connection.ts";
import { VersionEndpoints } from "./version-endpoints.ts";

/** Whether a version has all the tunnels that it may have. */
export function isFullOfTunnels({ counters, policy }: VersionPool): boolean {
  return counters.tunnelsOpen >= policy.limits.tunnels;
}

/**
 * The endpoints of one version with their connections and counts. It outlives tables: `update`
 * keeps every endpoint whose address stays, and an equal snapshot touches nothing.
 */
export class VersionPool {
  readonly service: string;
  readonly version: string;
  readonly counters = new VersionCounters();
  /** Exchanges under way. */
  inFlight = 0;
  readonly #endpoints: VersionEndpoints;
  readonly #ejector: Ejector;
  readonly #connections: PoolConnections;
  policy: PoolPolicy;

  constructor(service: string, version: string, policy: PoolPolicy, deps: PoolDeps) {
    this.service = service;
    this.version = version;
    this.policy = policy;
    this.#endpoints = new VersionEndpoints(deps.wheel, deps.random);
    this.#ejector = new Ejector(this, deps.wheel, deps.onEjection);
    this.#connections = new PoolConnections(this.#endpoints, policy, deps);
  }

  get endpoints(): ReadonlyMap<string, Endpoint> {
    return this.#endpoints.byAddress;
  }

  /** How many endpoints may get new work. */
  get usableCount(): number {
    return this.#endpoints.usableCount;
  }

  /** Open connections that serve exchanges, connecting ones included. */
  get connections(): number {
    return this.#connections.count;
  }

  /** How many open connections rest at an endpoint. */
  idleCount(endpoint: Endpoint): number {
    return this.#connections.idleCount(endpoint);
  }

  /** Whether the version may take one more exchange. */
  get full(): boolean {
    return this.inFlight >= this.policy.limits.inFlight;
  }

  /** Follows a new table: keeps endpoints by address, drops those that are gone. */
  update(snapshot: VersionSnapshot, policy: PoolPolicy): void {
    this.policy = policy;
    this.#connections.follow(policy, this.#endpoints.follow(snapshot));
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
   * when there is no room for more.
   */
  acquire(
    user: MessageUser,
    connectTimeoutMs: number,
    avoid?: Endpoint,
    freshness: Freshness = "any",
  ): Slot | NoConnection {
    const endpoint = this.#endpoints.pick(this.policy.slowStartMs, avoid);
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

  /**
   * The exchange has ended, and the connection is fit for the next one; `alone`: only of the same
   * client, which calls `resume`. false: it was not kept for that.
   */
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
    endpoint.failures = 0;
  }

  failed(endpoint: Endpoint): void {
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
