import type { JudgedRequest } from "../intentions/permission-rule.ts";
import type { Peer } from "../transport/peer.ts";
import type { ByteSource } from "../transport/transport.ts";
import type { Policy } from "../table/snapshot.ts";
import type { TunnelClient, TunnelUpstream } from "../tunnel/tunnel-ends.ts";
import type { Endpoint } from "../upstream/endpoint.ts";
import type { Freshness } from "../upstream/idle-connections.ts";
import type { LiveService } from "../upstream/live-service.ts";
import type { UpstreamUser } from "../upstream/upstream-connection.ts";
import type { NoConnection } from "../upstream/version-pool.ts";

/**
 * Bytes to and from one side of an exchange. A Transport is one, and a stream of a multiplexed
 * connection can be one. Messages are HTTP/1.1 text in both directions; a side that speaks another
 * version to its peer translates.
 *
 * Back-pressure: while `blocked`, the exchange stops producing for this side by pausing the other
 * one, and goes on when this side's owner says that all was taken (Exchange.onClientTook,
 * UpstreamUser.onUpstreamFlushed).
 */
export interface ExchangeStream extends ByteSource {
  /** Bytes are waiting for the peer. */
  readonly blocked: boolean;
  /** Its peer has ended it itself, as far as that can be known: see Transport.endIsProven. */
  readonly endIsProven: boolean;
  /** Sends latin1 text. */
  write(text: string): void;
  /**
   * Sends `head` and then `bytes[start, end)`, which `source` has read. The bytes may be
   * overwritten when the call has returned, unless `source` was asked to keep them.
   */
  relay(source: ByteSource, head: string, bytes: Buffer, start: number, end: number): void;
  /** Stops, and goes on, reading for this exchange. Both may be called again without effect. */
  pause(): void;
  resume(): void;
  /** Ends it at once: the peer must not take what it has for all there is. */
  reset(): void;
  /** Ends it at once, when nothing of an answer is under way. */
  destroy(): void;
}

/**
 * The client of an exchange: it receives the answer and decides which service the request is for.
 * An HTTP/1.1 connection is the client of one exchange at a time.
 *
 * It lends itself to an exchange with `lend`, parses into the exchange's head, and calls `begin`;
 * then it tells it what happens (onRequestBytes, onClientTook, onClientEnd, onClientGone,
 * onDeadline) until the exchange calls `exchangeEnded`, which comes exactly once for each `begin`,
 * perhaps before that returns. After that, nothing is called in either direction.
 */
export interface ExchangeClient {
  /** Stays the same while the exchange is on loan. */
  readonly transport: ExchangeStream;
  readonly peer: Peer;
  /** This side as the end of a tunnel. undefined: it cannot become one. */
  readonly tunnelEnd: TunnelClient | undefined;
  /**
   * Set by its exchanges. Ended by the client together with itself; its exchanges use it before all
   * others. undefined: there is none.
   */
  bound: BoundUpstream | undefined;
  /** It takes no further requests after this one, and the answer must say so. */
  readonly draining: boolean;
  /** The service that a request with this Host is for. undefined: none. */
  serviceFor(host: string): LiveService | undefined;
  /** Whether it may not ask for this, which is counted and told. */
  denies(request: JudgedRequest): boolean;
  /** The client's own timeouts are this policy's from now on. */
  followPolicy(policy: Policy): void;
  /** Calls `onDeadline` at a time in the wheel's monotonic milliseconds. Infinity: not at all. */
  armAt(deadlineMs: number): void;
  /** The exchange has ended. `close`: nothing that follows from the client can be understood. */
  exchangeEnded(close: boolean): void;
}

/**
 * What an attempt got from a pool: a connection to an endpoint, or a stream of one, that carries
 * only this exchange. Nothing may be written until it is `ready`; its user is told when it is, or
 * that it will not be. After that, UpstreamUser's calls say what happens to it.
 */
export interface ExchangeUpstream {
  readonly endpoint: Endpoint;
  readonly transport: ExchangeStream;
  /** This side as the end of a tunnel. undefined: it cannot become one. */
  readonly tunnelEnd: TunnelUpstream | undefined;
  readonly ready: boolean;
  /** It has carried an exchange before this one, so its peer may just have closed it. */
  readonly reused: boolean;
  /** It is closed, or about to be. */
  readonly gone: boolean;
  /**
   * How long it may rest after an exchange, in ms; the attempt learns it from the first answer. 0:
   * not at all. undefined: the answer does not say.
   */
  toldIdleMs: number | undefined;
}

/**
 * A connection to an endpoint that serves one client connection alone, because the origin has tied
 * to it who the client is.
 */
export type BoundUpstream = { readonly pool: UpstreamPool; readonly upstream: ExchangeUpstream };

/**
 * The endpoints of one version, as attempts see them. Whatever `acquire` gave goes back exactly
 * once, by `release` or `discard`, unless UpstreamUser heard that it is gone. A user that no longer
 * wants the connection it waits for calls `cancel`.
 */
export interface UpstreamPool {
  /**
   * A connection for `user`. "waiting", and one that is not ready: onUpstreamReady or
   * onUpstreamFailed follows. `avoid`: the endpoint that has just failed.
   * `freshness`: which connections will do, if there is room for more.
   */
  acquire(
    user: UpstreamUser,
    connectTimeoutMs: number,
    avoid: Endpoint | undefined,
    freshness: Freshness,
  ): ExchangeUpstream | NoConnection;
  cancel(user: UpstreamUser): void;
  /**
   * Takes back a connection in good order, which can serve the next exchange; `alone`: only of the
   * same client, by `resume`. false: it could not be kept, and is gone.
   */
  release(upstream: ExchangeUpstream, alone?: boolean): boolean;
  /**
   * Gives a connection that was kept for one client to `user`, which hears of it as after
   * acquire(). false: it is gone, or its endpoint must get nothing more.
   */
  resume(upstream: ExchangeUpstream, user: UpstreamUser): boolean;
  /** Destroys a connection in an unknown state. Its user hears nothing more. */
  discard(upstream: ExchangeUpstream): void;
  /** An attempt at the endpoint went well, or badly. */
  succeeded(endpoint: Endpoint): void;
  failed(endpoint: Endpoint): void;
}
