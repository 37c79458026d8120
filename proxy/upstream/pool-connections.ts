import type { ConnectionHandle } from "../base/connection-handle.ts";
import type { UpstreamProtocol } from "../table/tls.ts";
import type { Transport } from "../transport/transport.ts";
import { EndpointTls } from "./endpoint-tls.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Freshness } from "./idle-connections.ts";
import { LoneConnections } from "./lone-connections.ts";
import type { LoneOwner } from "./lone-connections.ts";
import type { NoConnection, PoolDeps, PoolPolicy } from "./pool-policy.ts";
import { StreamConnection } from "./stream-connection.ts";
import type { StreamConnectionOwner } from "./stream-connection.ts";
import { StreamConnections } from "./stream-connections.ts";
import type { MessageUser, UpstreamConnection, UpstreamUser } from "./upstream-connection.ts";
import { UpstreamStream } from "./upstream-stream.ts";
import type { VersionEndpoints } from "./version-endpoints.ts";
import type { WaitingLine, WaitingUser } from "./waiting-line.ts";

/** What carries one exchange: a connection of HTTP/1.1, or a stream of a shared one. */
export type Slot = UpstreamConnection | UpstreamStream;

/** Who waits for one, and what is promised to them. */
export type PoolLine = WaitingLine<Slot | StreamConnection>;

type Lone = UpstreamConnection | NoConnection;

/**
 * The connections to the endpoints of one version, whatever they carry, and the users who wait for
 * one. Endpoints that take HTTP/2 get few connections with many streams; the limit of connections
 * holds for all of them together.
 */
export class PoolConnections implements LoneOwner, StreamConnectionOwner {
  readonly #deps: PoolDeps;
  readonly #endpoints: VersionEndpoints;
  readonly #tls: EndpointTls;
  readonly #lone: LoneConnections;
  readonly #shared = new StreamConnections();
  readonly #line: PoolLine;
  readonly settled = (user: UpstreamUser): void => this.#line.settled(user);
  #policy: PoolPolicy;
  #closed = false;

  constructor(endpoints: VersionEndpoints, policy: PoolPolicy, deps: PoolDeps, line: PoolLine) {
    this.#line = line;
    this.#endpoints = endpoints;
    this.#deps = deps;
    this.#policy = policy;
    this.#tls = new EndpointTls(deps, policy.upstreamTls, spokenIn(policy));
    this.#lone = new LoneConnections(deps, this.#tls, this);
  }

  /** Open connections that serve exchanges, connecting ones included. */
  get count(): number {
    return this.#lone.count + this.#shared.count;
  }

  get usableCount(): number {
    return this.#endpoints.usableCount;
  }

  /** How many open connections rest at an endpoint. */
  idleCount(endpoint: Endpoint): number {
    return this.#lone.idleCount(endpoint) + this.#shared.idleCount(endpoint);
  }

  /** A new table is in force, where nothing new arrives at these endpoints. */
  follow(policy: PoolPolicy, leaving: readonly Endpoint[]): void {
    this.#policy = policy;
    // Where nothing new arrives, no connection needs to wait for it.
    this.closeIdle(leaving);
    this.followTls();
    this.onPlace();
  }

  /** See VersionPool.followTls(). */
  followTls(): void {
    const { upstreamTls } = this.#policy;
    if (this.#tls.follow(upstreamTls, spokenIn(this.#policy))) this.closeIdle();
  }

  /** See VersionPool.acquire(). Only users of messages may come while connections carry streams. */
  acquire(endpoint: Endpoint, waiting: WaitingUser, freshness: Freshness): Slot | NoConnection {
    if (!this.#tls.carriesStreams) return this.acquireLone(endpoint, waiting, freshness);
    const user = waiting.user as MessageUser;
    const shared = this.#shared.withRoom(endpoint, freshness === "new");
    if (shared !== undefined) return this.#share(shared, user);
    const idle = this.#lone.take(endpoint, user, freshness);
    if (idle !== undefined) return idle;
    const isFull = this.#isFull;
    const other = isFull ? this.#shared.anyWithRoom(this.#endpoints.byAddress.values()) : undefined;
    if (isFull && other === undefined) return this.#idleOrWait(waiting);
    return this.#share(other ?? this.#connectShared(endpoint, waiting.connectTimeoutMs), user);
  }

  /** As acquire(), of a version whose connections carry no streams. */
  acquireLone(endpoint: Endpoint, waiting: WaitingUser, freshness: Freshness): Lone {
    const idle = this.#lone.take(endpoint, waiting.user, freshness);
    if (idle !== undefined) return idle;
    if (this.#isFull) return this.#idleOrWait(waiting);
    return this.#lone.connect(endpoint, waiting.user, waiting.connectTimeoutMs);
  }

  /** See VersionPool.adopt(). */
  adopt(handle: ConnectionHandle, endpoint: Endpoint): UpstreamConnection {
    return this.#lone.connect(endpoint, undefined, 0, { handle });
  }

  /** See VersionPool.cancel(). */
  cancel(user: UpstreamUser): void {
    const promised = this.#line.leave(user);
    if (promised instanceof StreamConnection) promised.leave(user);
    else if (promised !== undefined) this.discard(promised);
  }

  /** See VersionPool.release(). */
  release(slot: Slot, alone: boolean): boolean {
    if (slot instanceof UpstreamStream) {
      slot.close(true);
      this.onPlace();
      // Who a stream's client is concerns no connection: it cannot be kept for one.
      return !alone;
    }
    // Somebody waits, but an unusable endpoint gets no new work: the place goes to another one.
    const isInTheWay = !alone && !slot.endpoint.usable && !this.#line.isEmpty;
    const keepAlive = alone ? undefined : this.#policy.keepAlive;
    if (isInTheWay || this.#tls.isOld(slot) || this.#closed || !slot.rest(keepAlive)) {
      this.#lone.discard(slot);
      return false;
    }
    const next = alone ? undefined : this.#line.next();
    if (next !== undefined) this.#line.promised(next.user, slot.attach(next.user));
    else this.#lone.keep(slot, alone);
    return true;
  }

  /** See VersionPool.resume(). */
  resume(slot: Slot, user: UpstreamUser): boolean {
    return !(slot instanceof UpstreamStream) && this.#lone.resume(slot, user);
  }

  /** See VersionPool.discard(). */
  discard(slot: Slot): void {
    if (!(slot instanceof UpstreamStream)) return this.#lone.discard(slot);
    slot.close(false);
    return this.onPlace();
  }

  /** Connections that rest between requests close. */
  closeIdle(endpoints: Iterable<Endpoint> = this.#endpoints.byAddress.values()): void {
    for (const endpoint of endpoints) {
      this.#lone.closeIdle(endpoint);
      this.#shared.closeIdle(endpoint);
    }
  }

  /** The version is gone, with these endpoints. */
  close(endpoints: readonly Endpoint[]): void {
    this.#closed = true;
    for (const endpoint of endpoints) {
      this.#lone.closeIdle(endpoint);
      this.#shared.retire(endpoint);
    }
    this.onPlace();
  }

  /** The first in line get a place while there is one, or learn that there will be none. */
  onPlace(): void {
    while (!this.#line.isEmpty && this.#hasPlace()) {
      const next = this.#line.next() as WaitingUser;
      const endpoint = this.#endpoints.pick(this.#policy.slowStartMs);
      const got = endpoint && this.acquire(endpoint, next, "any");
      if (got === undefined) next.user.onUpstreamFailed("unreachable", undefined);
      else if (got instanceof UpstreamStream && got.ready) next.user.onUpstreamReady(got);
      else if (typeof got !== "string") this.#line.promised(next.user, got);
    }
  }

  /** Those that are left get a stream elsewhere, or later. */
  onStreamsFull(full: StreamConnection): void {
    this.#line.rejoin(full.leaveAll(), full.connectTimeoutMs);
    this.onPlace();
  }

  onStreamsGone(connection: StreamConnection): void {
    if (this.#shared.forget(connection)) this.onPlace();
  }

  /** The first of its users gets the connection, the others one of their own. */
  onStreamsDeclined(connection: StreamConnection, transport: Transport): void {
    const [first, ...others] = connection.leaveAll();
    this.#shared.forget(connection);
    this.#line.rejoin(others, connection.connectTimeoutMs);
    const plain = this.#lone.connect(connection.endpoint, first, 0, { transport });
    if (first === undefined) this.#lone.discard(plain);
    else this.#lone.onConnectionReady(plain);
    this.onPlace();
  }

  #share(connection: StreamConnection, user: MessageUser): Slot | NoConnection {
    const given = connection.give(user);
    if (given === "waiting") this.#line.promised(user, connection);
    return given;
  }

  #idleOrWait(waiting: WaitingUser): Lone {
    const { connections, pending } = this.#policy.limits;
    const endpoints = this.#endpoints.byAddress;
    const idle = this.#lone.takeAny(endpoints.values(), waiting.user);
    if (idle !== undefined) return idle;
    // Without any connection there is none to wait for either.
    if (connections === 0 || !this.#line.join(waiting, pending)) return "overloaded";
    // An idle connection of an unusable endpoint must not keep anyone waiting.
    if (!this.#shared.closeOneInTheWay()) this.#lone.closeOneInTheWay(endpoints.values());
    return "waiting";
  }

  #connectShared(endpoint: Endpoint, connectTimeoutMs: number): StreamConnection {
    const made = { endpoint, tls: this.#tls, owner: this, connectTimeoutMs };
    const deps = { ...this.#deps, ...made, policy: () => this.#policy };
    return this.#shared.add(new StreamConnection(deps));
  }

  get #isFull(): boolean {
    return this.count >= this.#policy.limits.connections;
  }

  #hasPlace(): boolean {
    const shared = this.#shared.anyWithRoom(this.#endpoints.byAddress.values());
    return shared !== undefined || this.usableCount === 0 || !this.#isFull;
  }
}

function spokenIn({ tcp, protocol }: PoolPolicy): UpstreamProtocol | "tcp" {
  return tcp === undefined ? protocol : "tcp";
}
