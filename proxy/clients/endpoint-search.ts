import type { ProxyError } from "../exchange/respond.ts";
import type { ConnectionEnds } from "../transport/peer.ts";
import type { ConnectFailure } from "../upstream/connect-failure.ts";
import type { Endpoint } from "../upstream/endpoint.ts";
import type { LiveService } from "../upstream/live-service.ts";
import type { UpstreamConnection, UpstreamUser } from "../upstream/upstream-connection.ts";
import type { VersionPool } from "../upstream/version-pool.ts";
import { TcpDestination } from "./tcp-destination.ts";
import { writtenProxyHeader } from "./written-proxy-header.ts";

/** Who searches. Exactly one of the two calls ends the search, perhaps before `begin` returns. */
export interface SearchOwner {
  /** An endpoint stands, and its connection is the owner's. */
  onFound(connection: UpstreamConnection, pool: VersionPool): void;
  /** There is none, and this is why. `endpoint`: the last one that was tried. */
  onNone(error: ProxyError, pool: VersionPool | undefined, endpoint: Endpoint | undefined): void;
  /**
   * It may take this long until a turn comes, in ms; then `onDeadline` is to be called. 0: it is
   * not waited for, or has no limit.
   */
  waits(timeoutMs: number): void;
}

/** For whom it is. */
export type Searcher = {
  /** "": it has none. */
  readonly address: string;
  readonly ends?: ConnectionEnds | undefined;
};

/** The search of one TCP connection for an endpoint of a service: try, and try elsewhere. */
export class EndpointSearch implements UpstreamUser {
  readonly live: LiveService;
  readonly #client: Searcher;
  readonly #owner: SearchOwner;
  readonly #to: TcpDestination;
  /** What is being connected. undefined: nothing yet, or nothing any more. */
  #upstream: UpstreamConnection | undefined;

  constructor(live: LiveService, client: Searcher, owner: SearchOwner) {
    this.live = live;
    this.#client = client;
    this.#owner = owner;
    this.#to = new TcpDestination(live);
  }

  begin(): void {
    const failure = this.#to.enter(this.#client.address);
    if (failure === undefined) this.#seek();
    else this.#end(failure);
  }

  get preface(): string | undefined {
    const version = this.live.table.snapshot.tcp?.proxyProtocol;
    return version && writtenProxyHeader(version, this.#client.ends);
  }

  onUpstreamReady(connection: UpstreamConnection): void {
    const { pool } = this.#to;
    this.#upstream = undefined;
    this.#to.reached(connection.endpoint);
    if (pool === undefined) connection.transport.destroy();
    else this.#owner.onFound(connection, pool);
  }

  onUpstreamFailed(failure: ConnectFailure, endpoint: Endpoint | undefined): void {
    this.#upstream = undefined;
    const end = this.#to.failed(failure, endpoint);
    if (end === undefined) this.#seek(endpoint);
    else this.#end(end, endpoint);
  }

  onUpstreamData(): void {
    // The owner has the connection before it is read.
  }

  onUpstreamEnd(): void {
    // As above.
  }

  onUpstreamFlushed(): void {
    // As above.
  }

  onUpstreamClosed(): void {
    // As above.
  }

  /** Its turn has not come in time. */
  onDeadline(): void {
    this.#end("overloaded");
  }

  /** Nobody searches any more. Nothing is called back. */
  giveUp(): void {
    const { pool } = this.#to;
    if (this.#upstream === undefined) pool?.cancel(this);
    else pool?.discard(this.#upstream);
    this.#upstream = undefined;
    this.#to.leave();
  }

  #seek(avoid?: Endpoint): void {
    const sought = this.#to.seek(this, avoid);
    const isWaiting = sought === "waiting";
    this.#owner.waits(isWaiting ? this.live.table.policy.connectTimeoutMs : 0);
    if (isWaiting) return;
    if (typeof sought === "string") this.#end(sought);
    else this.#upstream = sought;
  }

  #end(error: ProxyError, endpoint?: Endpoint): void {
    this.#owner.onNone(error, this.#to.pool, endpoint);
  }
}
