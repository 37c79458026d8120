import type { ConnectionHandle } from "../base/connection-handle.ts";
import type { Transport } from "../transport/transport.ts";
import type { EndpointTls } from "./endpoint-tls.ts";
import type { Endpoint } from "./endpoint.ts";
import { IdleConnections } from "./idle-connections.ts";
import type { Freshness } from "./idle-connections.ts";
import type { PoolDeps } from "./pool-policy.ts";
import { UpstreamConnection } from "./upstream-connection.ts";
import type { ConnectionOwner, UpstreamUser } from "./upstream-connection.ts";

/** Whom they belong to. */
export interface LoneOwner {
  readonly usableCount: number;
  /** A user that may have waited is about to be told. */
  settled(user: UpstreamUser): void;
  /** A connection is gone, so that there is room for another. */
  onPlace(): void;
}

/** A connection as it is made: new, given away by another worker, or open already. */
export type Opening = {
  readonly handle?: ConnectionHandle | undefined;
  readonly transport?: Transport | undefined;
};

/** The connections of one version that carry one exchange at a time, as HTTP/1.1 has it. */
export class LoneConnections implements ConnectionOwner {
  /** Open ones that serve exchanges, connecting ones included. */
  count = 0;
  readonly #deps: PoolDeps;
  readonly #tls: EndpointTls;
  readonly #owner: LoneOwner;
  readonly #idle = new IdleConnections();

  constructor(deps: PoolDeps, tls: EndpointTls, owner: LoneOwner) {
    this.#deps = deps;
    this.#tls = tls;
    this.#owner = owner;
  }

  get usableCount(): number {
    return this.#owner.usableCount;
  }

  /** How many of an endpoint rest. */
  idleCount(endpoint: Endpoint): number {
    return this.#idle.count(endpoint);
  }

  /** One that rests, for `user`. undefined: there is none as fresh as that. */
  take(
    endpoint: Endpoint,
    user: UpstreamUser,
    freshness: Freshness,
  ): UpstreamConnection | undefined {
    return this.#idle.take(endpoint, freshness)?.attach(user);
  }

  /** One that rests at any of the first of these endpoints that may get new work. */
  takeAny(endpoints: Iterable<Endpoint>, user: UpstreamUser): UpstreamConnection | undefined {
    return this.#idle.takeAny(endpoints, true)?.attach(user);
  }

  /** Closes an idle one of an endpoint that may get nothing new, if there is any. */
  closeOneInTheWay(endpoints: Iterable<Endpoint>): void {
    this.#idle.takeAny(endpoints, false)?.transport.destroy();
  }

  /** Closes those of an endpoint that rest. */
  closeIdle(endpoint: Endpoint): void {
    this.#idle.close(endpoint);
  }

  /** One more, for `user`, who is told when it stands or cannot. */
  connect(
    endpoint: Endpoint,
    user: UpstreamUser | undefined,
    connectTimeoutMs: number,
    opening: Opening = {},
  ): UpstreamConnection {
    const made = { endpoint, tls: this.#tls, owner: this, connectTimeoutMs };
    this.count += 1;
    return new UpstreamConnection({ ...this.#deps, ...made, ...opening }, user);
  }

  /** It rests from now on; `alone`: for one client, until resume(). */
  keep(connection: UpstreamConnection, alone: boolean): void {
    this.#idle.add(connection, alone);
  }

  /** Gives one that was kept for one client to its next exchange; see UpstreamPool. */
  resume(connection: UpstreamConnection, user: UpstreamUser): boolean {
    this.#idle.unbind(connection);
    if (this.#tls.isOld(connection) || !connection.endpoint.isOpen) this.discard(connection);
    return !connection.gone && connection.attach(user).user === user;
  }

  /** It is no longer of use. Its user hears nothing more. */
  discard(connection: UpstreamConnection): void {
    connection.free();
    connection.transport.destroy();
  }

  onConnectionReady(connection: UpstreamConnection): void {
    const { user } = connection;
    if (user === undefined) return;
    this.#owner.settled(user);
    user.onUpstreamReady(connection);
  }

  onConnectionGone(connection: UpstreamConnection, user: UpstreamUser | undefined): void {
    this.count -= 1;
    if (user !== undefined) this.#owner.settled(user);
    this.#idle.forget(connection);
    // Its turn had come: whoever still waits comes after it.
    if (connection.looking) user?.onUpstreamFailed("stale", connection.endpoint);
    this.#owner.onPlace();
  }
}
