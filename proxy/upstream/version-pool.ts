import type { Random } from "../base/random.ts";
import type { ReadBuffers } from "../transport/read-buffers.ts";
import type { TimerWheel } from "../base/timer-wheel.ts";
import type { ConnectionHandle } from "../base/connection-handle.ts";
import { VersionCounters } from "../metrics/version-counters.ts";
import type { EjectionPolicy, Limits, VersionSnapshot } from "../table/snapshot.ts";
import { Endpoint } from "./endpoint.ts";
import { EndpointPicker } from "./endpoint-picker.ts";
import { UpstreamConnection } from "./upstream-connection.ts";
import type { ConnectionOwner, UpstreamUser } from "./upstream-connection.ts";
import { Ejector } from "./ejector.ts";
import type { EjectionListener } from "./ejector.ts";

/** What all pools of a worker share. */
export type PoolDeps = {
  readonly buffers: ReadBuffers;
  readonly wheel: TimerWheel;
  readonly random: Random;
  readonly onEjection: EjectionListener;
};

/** The part of a service's snapshot that its pools follow. */
export type PoolPolicy = {
  readonly limits: Limits;
  readonly ejection: EjectionPolicy;
  readonly slowStartMs: number;
};

type Waiting = { readonly user: UpstreamUser; readonly connectTimeoutMs: number };

/** Nobody to go to; every bound reached; wait for onUpstreamReady or onUpstreamFailed. */
export type NoConnection = "unavailable" | "overloaded" | "waiting";

/**
 * The endpoints of one version with their connections and counts. It outlives tables: `update`
 * keeps every endpoint whose address stays, and an equal snapshot touches nothing.
 */
export class VersionPool implements ConnectionOwner {
  readonly service: string;
  readonly version: string;
  readonly counters = new VersionCounters();
  /** Exchanges and tunnels under way, and open connections, connecting ones included. */
  inFlight = 0;
  connections = 0;
  readonly #deps: PoolDeps;
  readonly #picker: EndpointPicker;
  readonly #ejector: Ejector;
  readonly #waiting: Waiting[] = [];
  /** Connecting connections of users that have waited: they do not know of them yet. */
  readonly #dialled = new Map<UpstreamUser, UpstreamConnection>();
  #endpoints = new Map<string, Endpoint>();
  #snapshot: VersionSnapshot | undefined;
  #policy: PoolPolicy;
  #closed = false;

  constructor(service: string, version: string, policy: PoolPolicy, deps: PoolDeps) {
    this.service = service;
    this.version = version;
    this.#policy = policy;
    this.#deps = deps;
    this.#picker = new EndpointPicker(deps.random);
    this.#ejector = new Ejector(this, deps.wheel, deps.onEjection);
  }

  get endpoints(): ReadonlyMap<string, Endpoint> {
    return this.#endpoints;
  }

  get policy(): PoolPolicy {
    return this.#policy;
  }

  /** Whether any endpoint may get new work. */
  get usable(): boolean {
    return this.#picker.size > 0;
  }

  get usableCount(): number {
    return this.#picker.size;
  }

  /** Whether the version may take one more exchange. */
  get full(): boolean {
    return this.inFlight >= this.#policy.limits.inFlight;
  }

  /** Follows a new table: keeps endpoints by address, lets go of those that are gone. */
  update(snapshot: VersionSnapshot, policy: PoolPolicy): void {
    this.#policy = policy;
    if (snapshot !== this.#snapshot) this.#follow(snapshot);
    this.#serveWaiting();
  }

  #follow(snapshot: VersionSnapshot): void {
    const first = this.#snapshot === undefined;
    this.#snapshot = snapshot;
    const sinceMs = first ? -Infinity : this.#deps.wheel.nowMs;
    const next = new Map<string, Endpoint>();
    for (const entry of snapshot.endpoints) {
      const kept = this.#endpoints.get(entry.address);
      next.set(entry.address, kept?.follow(entry, sinceMs) ?? new Endpoint(entry, sinceMs));
    }
    for (const [address, endpoint] of this.#endpoints) {
      if (!next.has(address)) this.#letGo(endpoint);
    }
    this.#endpoints = next;
    // In drain and maint nothing new comes: no connection needs to wait for it.
    for (const endpoint of next.values()) {
      if (endpoint.snapshot.state !== "ready") closeIdleOf(endpoint);
    }
    this.refresh();
  }

  /** The endpoints' usability may have changed. */
  refresh(): void {
    this.#picker.fill(this.#endpoints.values());
  }

  /**
   * A connection for `user`: an idle or a new one (then `ready` is false and onUpstreamReady or
   * onUpstreamFailed follows). `avoid`: the endpoint that has just failed, taken only when there is
   * no other. `fresh`: idle connections are suspect, and only taken when there is no room for more.
   */
  acquire(
    user: UpstreamUser,
    connectTimeoutMs: number,
    avoid?: Endpoint,
    fresh = false,
  ): UpstreamConnection | NoConnection {
    const endpoint = this.#picker.pick(this.#deps.wheel.nowMs, this.#policy.slowStartMs, avoid);
    if (endpoint === undefined) return "unavailable";
    const idle = fresh ? undefined : takeIdle(endpoint);
    if (idle !== undefined) return this.#attach(idle, user);
    if (this.connections < this.#policy.limits.connections) {
      return this.#dial(endpoint, user, connectTimeoutMs);
    }
    return this.#stealIdle(user) ?? this.#wait(user, connectTimeoutMs);
  }

  /**
   * Goes on with a connection that another worker gave away; the caller sets its user at once. An
   * endpoint that is not in the table any more gets nothing new.
   */
  adopt(handle: ConnectionHandle, address: string): UpstreamConnection {
    const snapshot = { address, weight: 1, state: "maint", healthy: false } as const;
    const endpoint = this.#endpoints.get(address) ?? new Endpoint(snapshot, -Infinity);
    endpoint.removed ||= !this.#endpoints.has(address);
    this.connections += 1;
    endpoint.inFlight += 1;
    const { buffers, wheel } = this.#deps;
    const deps = { endpoint, owner: this, buffers, wheel, connectTimeoutMs: 0, handle };
    return new UpstreamConnection(deps, undefined);
  }

  /** The user that was told "waiting" no longer waits. Nothing is called back. */
  cancel(user: UpstreamUser): void {
    const index = this.#waiting.findIndex((waiting) => waiting.user === user);
    if (index >= 0) this.#waiting.splice(index, 1);
    const dialled = this.#dialled.get(user);
    this.#dialled.delete(user);
    if (dialled !== undefined) this.discard(dialled);
  }

  /** The exchange is over and the connection fit for the next one. */
  release(connection: UpstreamConnection): void {
    const { endpoint } = connection;
    // Somebody waits, but an unusable endpoint gets no new work: the place goes to another one.
    const isInTheWay = !endpoint.usable && this.#waiting.length > 0;
    const isOver = isInTheWay || this.#closed || endpoint.removed || connection.idleMs <= 0;
    if (isOver || connection.transport.closed) {
      this.discard(connection);
      return;
    }
    endpoint.inFlight -= 1;
    connection.user = undefined;
    const next = this.#waiting.length === 0 ? undefined : this.#waiting.shift();
    if (next !== undefined) {
      connection.reused = true;
      this.#attach(connection, next.user);
      next.user.onUpstreamReady(connection);
      return;
    }
    connection.rest();
    endpoint.idle.push(connection);
  }

  /** The connection is of no further use. Its user hears nothing more. */
  discard(connection: UpstreamConnection): void {
    if (connection.user !== undefined) {
      connection.user = undefined;
      connection.endpoint.inFlight -= 1;
    }
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
    this.#dialled.delete(connection.user);
    connection.user.onUpstreamReady(connection);
  }

  onConnectionGone(connection: UpstreamConnection, user: UpstreamUser | undefined): void {
    this.connections -= 1;
    const { endpoint } = connection;
    if (user !== undefined) {
      endpoint.inFlight -= 1;
      this.#dialled.delete(user);
    }
    const index = endpoint.idle.indexOf(connection);
    if (index >= 0) endpoint.idle.splice(index, 1);
    this.#serveWaiting();
  }

  /** The version is being left: connections that rest between requests close. */
  closeIdle(): void {
    for (const endpoint of this.#endpoints.values()) closeIdleOf(endpoint);
  }

  /** The version is gone: idle connections close, what is under way ends. */
  close(): void {
    this.#closed = true;
    for (const endpoint of this.#endpoints.values()) this.#letGo(endpoint);
    this.#endpoints = new Map();
    this.refresh();
    this.#serveWaiting();
  }

  #letGo(endpoint: Endpoint): void {
    endpoint.removed = true;
    closeIdleOf(endpoint);
  }

  #attach(connection: UpstreamConnection, user: UpstreamUser): UpstreamConnection {
    connection.attach(user);
    connection.endpoint.inFlight += 1;
    return connection;
  }

  #dial(endpoint: Endpoint, user: UpstreamUser, connectTimeoutMs: number): UpstreamConnection {
    const { buffers, wheel } = this.#deps;
    this.connections += 1;
    endpoint.inFlight += 1;
    return new UpstreamConnection(
      { endpoint, owner: this, buffers, wheel, connectTimeoutMs },
      user,
    );
  }

  #stealIdle(user: UpstreamUser): UpstreamConnection | undefined {
    for (const endpoint of this.#endpoints.values()) {
      const idle = endpoint.usable ? takeIdle(endpoint) : undefined;
      if (idle !== undefined) return this.#attach(idle, user);
    }
    return undefined;
  }

  #wait(user: UpstreamUser, connectTimeoutMs: number): NoConnection {
    const { connections, pending } = this.#policy.limits;
    // Without any connection there is none to wait for either.
    if (connections === 0 || this.#waiting.length >= pending) return "overloaded";
    this.#waiting.push({ user, connectTimeoutMs });
    this.#makeRoom();
    return "waiting";
  }

  /**
   * An idle connection of an unusable endpoint must not keep anyone waiting: its place is worth
   * more.
   */
  #makeRoom(): void {
    for (const endpoint of this.#endpoints.values()) {
      const idle = endpoint.usable ? undefined : takeIdle(endpoint);
      if (idle === undefined) continue;
      idle.transport.destroy();
      return;
    }
  }

  /**
   * The first in the queue get new connections as far as there is room, or hear that nobody will.
   */
  #serveWaiting(): void {
    while (this.#waiting.length > 0) {
      const hasRoom = this.connections < this.#policy.limits.connections;
      if (this.usable && !hasRoom) return;
      const { user, connectTimeoutMs } = this.#waiting.shift() as Waiting;
      const endpoint = this.#picker.pick(this.#deps.wheel.nowMs, this.#policy.slowStartMs);
      if (endpoint === undefined) user.onUpstreamFailed("unreachable", undefined);
      else this.#dialled.set(user, this.#dial(endpoint, user, connectTimeoutMs));
    }
  }
}

function closeIdleOf(endpoint: Endpoint): void {
  for (const connection of endpoint.idle.splice(0)) connection.transport.destroy();
}

/** The connection used last that still stands. */
function takeIdle(endpoint: Endpoint): UpstreamConnection | undefined {
  for (;;) {
    const connection = endpoint.idle.pop();
    if (connection === undefined || !connection.transport.closed) return connection;
  }
}
