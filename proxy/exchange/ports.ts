import type { JudgedRequest } from "../intentions/permission-rule.ts";
import type { AbortReason } from "../http1/message-stream.ts";
import type { OutgoingRequest } from "../http1/outgoing-request.ts";
import type { OutgoingResponse } from "../http1/outgoing-response.ts";
import type { OwnAnswer } from "../http1/own-answer.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import type { ViaLines } from "../http1/rewrite-response.ts";
import type { Peer } from "../transport/peer.ts";
import type { ByteSource } from "../transport/transport.ts";
import type { Policy } from "../table/snapshot.ts";
import type { SplitPlace } from "../table/split-place.ts";
import type { TunnelClient, TunnelUpstream } from "../tunnel/tunnel-ends.ts";
import type { Endpoint } from "../upstream/endpoint.ts";
import type { Freshness } from "../upstream/idle-connections.ts";
import type { LiveService } from "../upstream/live-service.ts";
import type { MessageUser } from "../upstream/upstream-connection.ts";
import type { NoConnection } from "../upstream/pool-policy.ts";

/**
 * Where messages go on one side of an exchange, in whatever protocol that is: a connection of
 * HTTP/1.1, or a stream of a multiplexed one. Heads are encoded by the side itself (`encode`) and
 * mean nothing to anybody else. Bodies are pieces of payload, unless both sides can take chunks:
 * then they pass as they were sent, and nothing encodes them again.
 *
 * Back-pressure: while `blocked`, the exchange stops producing for this side by pausing the other
 * one, and goes on when this side's owner says that all was taken (Exchange.onClientTook,
 * UpstreamUser.onUpstreamFlushed).
 */
export interface ExchangeStream extends ByteSource {
  /** Bytes are waiting for the peer. */
  readonly blocked: boolean;
  /** Sends a head, "" once it has gone out, and then latin1 text of the body, maybe "". */
  send(head: string, body: string): void;
  /**
   * As send(), with bytes[start, end), which `source` has read. They may be overwritten when the
   * call has returned, unless `source` was asked to keep them.
   */
  relay(source: ByteSource, head: string, bytes: Buffer, start: number, end: number): void;
  /** The message has ended. `trailers`: field lines with their CRLF, "" for none. */
  finish(trailers: string): void;
  /**
   * Stops, and goes on, reading for this exchange. Both may be called again without effect. What
   * was on its way may still come, but only so much of it.
   */
  pause(): void;
  resume(): void;
}

/** The side of a client: responses go there. */
export interface ResponseSink extends ExchangeStream {
  /** The head of a final response or a 101, for send() or relay(). Asked once, right before. */
  encode(response: OutgoingResponse): string;
  /** Sends the head of an interim response. */
  interim(head: ResponseHead, via: ViaLines): void;
  /** Sends the whole of an answer that no endpoint gave. */
  answer(answer: OwnAnswer): void;
  /**
   * Ends the answer to a call of gRPC by these trailers. false: not inside a message, which must be
   * aborted.
   */
  finishCall(trailers: string): boolean;
  /**
   * Ends it at once: the client must not take what it has for all there is. Exchange.onClientGone
   * follows, perhaps before this returns.
   */
  abort(reason: AbortReason): void;
}

/** The side of an endpoint: requests go there. */
export interface RequestSink extends ExchangeStream {
  /** A body in chunks may pass as it was sent. */
  readonly takesChunks: boolean;
  /** Its peer has ended it itself, as far as that can be known: see Transport.endIsProven. */
  readonly endIsProven: boolean;
  /** The head, for send(). Asked once, right before. */
  encode(request: OutgoingRequest): string;
}

/**
 * The client of an exchange: it receives the answer and decides which service the request is for.
 * An HTTP/1.1 connection is the client of one exchange at a time.
 *
 * It lends itself to an exchange with `lend`, parses into the exchange's head or fills it, and
 * calls `begin`; then it tells it what happens (onRequestBytes, onRequestFinish, onClientTook,
 * onClientEnd, onClientGone, onDeadline) until the exchange calls `exchangeEnded`, which comes
 * exactly once for each `begin`, perhaps before that returns. After that, nothing is called in
 * either direction.
 */
export interface ExchangeClient {
  /** Stays the same while the exchange is on loan. */
  readonly stream: ResponseSink;
  readonly peer: Peer;
  /** This side as the end of a tunnel. undefined: it cannot become one. */
  readonly tunnelEnd: TunnelClient | undefined;
  /**
   * Set by its exchanges. Ended by the client together with itself; its exchanges use it before all
   * others. undefined: there is none.
   */
  bound: BoundUpstream | undefined;
  /** It can have such a connection: it is one itself, and not one of several streams. */
  readonly mayBind: boolean;
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
  readonly stream: RequestSink;
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
  /** How long one may wait for a connection, in ms. 0: as long as for an answer. */
  readonly pendingTimeoutMs: number;
  /**
   * A connection for `user`. "waiting", and one that is not ready: onUpstreamReady or
   * onUpstreamFailed follows. `avoid`: the endpoint that has just failed.
   * `freshness`: which connections will do, if there is room for more. `place`: what the endpoint
   * follows from.
   */
  acquire(
    user: MessageUser,
    connectTimeoutMs: number,
    avoid: Endpoint | undefined,
    freshness: Freshness,
    place?: Readonly<SplitPlace>,
  ): ExchangeUpstream | NoConnection;
  cancel(user: MessageUser): void;
  /**
   * Takes back a connection in good order, which can serve the next exchange; `alone`: only of the
   * same client, by `resume`. false: it could not be kept, and is gone.
   */
  release(upstream: ExchangeUpstream, alone?: boolean): boolean;
  /**
   * Gives a connection that was kept for one client to `user`, which hears of it as after
   * acquire(). false: it is gone, or its endpoint must get nothing more.
   */
  resume(upstream: ExchangeUpstream, user: MessageUser): boolean;
  /** Destroys a connection in an unknown state. Its user hears nothing more. */
  discard(upstream: ExchangeUpstream): void;
  /** An attempt at the endpoint went well, or badly. */
  succeeded(endpoint: Endpoint): void;
  failed(endpoint: Endpoint): void;
}
