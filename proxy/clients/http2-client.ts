import type { SourceRule } from "../intentions/intention-judge.ts";
import { Http2Connection } from "../http2/connection.ts";
import type { Http2Owner } from "../http2/connection-core.ts";
import type { Http2Counts } from "../http2/counts.ts";
import type { Http2Reason } from "../http2/reasons.ts";
import type { RequestFields } from "../http2/request-fields.ts";
import type { Http2Stream, StreamOwner } from "../http2/stream.ts";
import type { Peer } from "../transport/peer.ts";
import { TransportSink } from "../transport/transport-sink.ts";
import { AcceptedConnection } from "./accepted-connection.ts";
import type { Taken } from "./accepted-connection.ts";
import type { OpenClient } from "./client-connections.ts";
import type { ClientDeps } from "./client-deps.ts";
import { StreamClient } from "./stream-client.ts";
import type { ClientOfStreams } from "./stream-client.ts";

/** Streams that a connection keeps for its next requests. */
const SPARE_MAX = 16;

/**
 * How long a client that was asked to leave may still send requests which it sent before it knew:
 * a round trip, for one that does not answer our PING.
 */
const LEAVE_MS = 1_000;

/**
 * In a drain, the part of the connections that are asked to leave in each second although no
 * request of theirs begins or ends: not all at once, as all would come back at once.
 */
const QUIET_LEAVE_SHARE = 0.2;

/**
 * One HTTP/2 connection from a client (RFC 9113): each of its streams is the client of an exchange.
 * It ends in two steps, so that no request is lost: the client is asked for no more (GOAWAY with
 * the highest number), and later told which was the last.
 */
export class Http2Client
  extends AcceptedConnection
  implements OpenClient, Http2Owner, ClientOfStreams
{
  readonly counts: Http2Counts;
  readonly exchange = undefined;
  readonly #codec: Http2Connection;
  readonly #open = new Set<StreamClient>();
  readonly #spare: StreamClient[] = [];
  #idleSinceMs: number | undefined;
  /** When the client was asked to leave, in monotonic milliseconds. 0: it was not. */
  #leftMs = 0;
  /** Since when streams are open whose requests are over. 0: none are, or others too. */
  #unreadSinceMs = 0;

  constructor(accepted: Taken, peer: Peer, service: string | undefined, deps: ClientDeps) {
    super(accepted, peer, service, deps);
    const { buffers, wheel } = deps;
    const sink = new TransportSink(this.transport, buffers.writes, () => this.#codec.flush());
    this.counts = deps.http2;
    deps.connections.http2 += 1;
    this.#idleSinceMs = wheel.nowMs;
    this.#codec = new Http2Connection("server", sink, this, wheel.nowMs);
    this.#codec.begin();
  }

  get rule(): SourceRule | undefined {
    return this.judged?.rule;
  }

  /** Its requests and tunnels. */
  get streams(): Iterable<StreamClient> {
    return this.#open;
  }

  /** As its state cannot move to another worker yet. */
  override get staysHere(): boolean {
    return true;
  }

  /** undefined, too: it was asked to leave, and nobody needs to ask again. */
  get idleSinceMs(): number | undefined {
    return this.#leftMs > 0 ? undefined : this.#idleSinceMs;
  }

  override look(): void {
    const { nowMs } = this.deps.wheel;
    super.look();
    this.#codec.look(nowMs);
    if (this.#codec.lost) return;
    if (this.draining && this.#open.size > 0 && this.deps.random.next() < QUIET_LEAVE_SHARE) {
      this.#leave();
    }
    if (this.#leftMs > 0 && nowMs - this.#leftMs >= LEAVE_MS) this.#finishLeaving();
    this.#lookAtUnread(nowMs);
  }

  override judgeAgain(): void {
    for (const stream of this.#open) stream.judgeAgain();
  }

  offer(): void {
    // It is read all the time.
  }

  goOn(): void {
    // As offer().
  }

  /** Between two streams its state could go to another worker: see Http2Connection.state(). */
  giveAway(): undefined {
    return undefined;
  }

  closeWhenIdle(): void {
    this.#leave();
  }

  streamEnded(stream: StreamClient): void {
    this.#open.delete(stream);
    if (this.#spare.length < SPARE_MAX) this.#spare.push(stream);
    if (this.draining) this.#leave();
  }

  protected override closed(): void {
    this.deps.connections.http2 -= 1;
    super.closed();
  }

  onData(bytes: Buffer, end: number): void {
    this.#codec.receive(bytes, 0, end);
  }

  /** Whoever ends a connection that has streams has left. */
  onEnd(): void {
    this.transport.destroy();
  }

  onFlushed(): void {
    this.#codec.onFlushed();
  }

  onClose(): void {
    this.#codec.onClosed();
    this.closed();
  }

  /** Nobody has used it for too long, or spoken at all. */
  onDeadline(): void {
    if (this.#codec.peer.known) this.#leave();
    else this.transport.destroy();
  }

  onStream(stream: Http2Stream, request: RequestFields, isEnd: boolean): StreamOwner {
    if (this.#idleSinceMs !== undefined) {
      this.#idleSinceMs = undefined;
      this.armAt(Infinity);
    }
    const client = this.#spare.pop() ?? new StreamClient(this, this.deps);
    this.#open.add(client);
    client.begin(stream, request, isEnd);
    if (this.draining) this.#leave();
    return client;
  }

  onSettings(): void {
    if (this.#idleSinceMs !== undefined) this.armIdle();
  }

  onRoom(): void {
    // Only clients open streams.
  }

  onGoAway(): void {
    // Its streams go on.
  }

  onIdle(): void {
    this.#idleSinceMs = this.deps.wheel.nowMs;
    this.armIdle();
  }

  onPong(): void {
    // Nothing waits for it.
  }

  onRejected(reason: Http2Reason): void {
    this.deps.refusals.request({ reason }, this.service, this.peer.address);
  }

  onFailed(): void {
    this.linger();
  }

  protected leave(): undefined {
    return undefined;
  }

  /** The client is asked for no more requests. */
  #leave(): void {
    if (this.#leftMs > 0 || this.#codec.lost) return;
    this.#leftMs = this.deps.wheel.nowMs;
    this.#codec.leave();
  }

  #finishLeaving(): void {
    this.#codec.finishLeaving();
    if (this.#codec.streams === 0) this.#end();
  }

  /** A client that reads nothing keeps the ends of its answers, and with them the connection. */
  #lookAtUnread(nowMs: number): void {
    const { stallTimeoutMs } = this.timeouts;
    const isUnread = this.#open.size === 0 && this.#codec.streams > 0;
    if (!isUnread) this.#unreadSinceMs = 0;
    else if (this.#unreadSinceMs === 0) this.#unreadSinceMs = nowMs;
    else if (stallTimeoutMs > 0 && nowMs - this.#unreadSinceMs >= stallTimeoutMs) this.#end();
  }

  #end(): void {
    this.#codec.close();
    this.linger();
  }
}
