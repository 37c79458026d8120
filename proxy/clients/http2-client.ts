import type { SourceRule } from "../intentions/intention-judge.ts";
import { Http2Connection } from "../http2/connection.ts";
import type { Http2Owner } from "../http2/connection-core.ts";
import type { Http2Counts } from "../http2/counts.ts";
import { FAULTS } from "../http2/reasons.ts";
import type { Http2Reason } from "../http2/reasons.ts";
import type { RequestFields } from "../http2/request-fields.ts";
import type { Http2Stream, StreamOwner } from "../http2/stream.ts";
import type { Peer } from "../transport/peer.ts";
import { TransportSink } from "../transport/transport-sink.ts";
import { AcceptedConnection } from "./accepted-connection.ts";
import type { Taken } from "./accepted-connection.ts";
import type { IdleHttp2Connection } from "../messages/handed-connection.ts";
import type { GivenClient, OpenClient } from "./client-connections.ts";
import type { ClientDeps } from "./client-deps.ts";
import { HOLD_MS, Http2Departure } from "./http2-departure.ts";
import { StreamClient } from "./stream-client.ts";
import type { ClientOfStreams } from "./stream-client.ts";
import { StreamClients } from "./stream-clients.ts";

/**
 * In a drain, the part of the connections that are asked to leave in each second although no
 * request of theirs begins or ends: not all at once, as all would come back at once.
 */
const QUIET_LEAVE_SHARE = 0.2;

/**
 * One HTTP/2 connection from a client (RFC 9113): each of its streams is the client of an exchange.
 * It ends in two steps, so that no request is lost: the client is asked for no more (GOAWAY with
 * the highest number), and later told which was the last. In clear, another worker may go on with
 * it between two streams.
 */
export class Http2Client
  extends AcceptedConnection
  implements OpenClient, Http2Owner, ClientOfStreams
{
  readonly counts: Http2Counts;
  readonly exchange = undefined;
  readonly #codec: Http2Connection;
  /** Its requests and tunnels. */
  readonly streams = new StreamClients(() => new StreamClient(this, this.deps));
  #idleSinceMs: number | undefined;
  readonly #departure: Http2Departure;

  constructor(accepted: Taken, peer: Peer, service: string | undefined, deps: ClientDeps) {
    super(accepted, peer, service, deps);
    const { buffers, wheel } = deps;
    const sink = new TransportSink(this.transport, buffers.writes, () => this.#codec.flush());
    this.counts = deps.http2;
    deps.connections.http2 += 1;
    this.#idleSinceMs = wheel.nowMs;
    this.#codec = new Http2Connection("server", sink, this, wheel.nowMs);
    this.#departure = new Http2Departure(this.#codec);
  }

  /** Says what we take, or goes on with what another worker has given away. */
  begin(moved?: IdleHttp2Connection): void {
    if (moved !== undefined) {
      this.#codec.restore(moved.state);
      this.goOnWith(moved);
    }
    this.#codec.begin();
  }

  get rule(): SourceRule | undefined {
    return this.judged?.rule;
  }

  override get staysHere(): boolean {
    return super.staysHere || this.#departure.isAsked || this.#codec.lost;
  }

  /** undefined, too: it was asked to leave, and nobody needs to ask again. */
  get idleSinceMs(): number | undefined {
    return this.#departure.isAsked ? undefined : this.#idleSinceMs;
  }

  override look(): void {
    const { nowMs } = this.deps.wheel;
    super.look();
    this.#codec.look(nowMs);
    if (this.#codec.lost) return;
    const mayLeave = this.draining && this.streams.size > 0;
    if (mayLeave && this.deps.random.next() < QUIET_LEAVE_SHARE) this.#leave();
    if (this.#departure.isDue(nowMs)) this.#finishLeaving();
    const { stallTimeoutMs } = this.timeouts;
    const unreadMs = this.streams.unreadMs(this.#codec.streams, nowMs);
    if (stallTimeoutMs > 0 && unreadMs >= stallTimeoutMs) this.#end("h2-answers-unread");
  }

  override judgeAgain(): void {
    for (const stream of this.streams) stream.judgeAgain();
  }

  offer(): void {
    this.deps.connections.onIdle?.(this);
  }

  goOn(): void {
    this.#departure.release();
    if (this.#idleSinceMs === undefined) this.armAt(Infinity);
    else this.armIdle();
  }

  giveAway(): GivenClient | undefined {
    if (this.staysHere || !this.#codec.peer.known) return undefined;
    const state = this.streams.size === 0 ? this.#codec.state() : undefined;
    const handle = state === undefined ? undefined : this.transport.detach();
    if (state === undefined || handle === undefined) return this.#prepareToMove();
    const { peer, service } = this;
    const { headTimeoutMs, idleTimeoutMs } = this.timeouts;
    this.onClose();
    return {
      handle,
      about: { kind: "idleHttp2", peer, service, headTimeoutMs, idleTimeoutMs, state },
    };
  }

  closeWhenIdle(): void {
    this.#leave();
  }

  streamEnded(stream: StreamClient): void {
    this.streams.giveBack(stream);
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

  /** Nobody has used it for too long, or spoken at all; or new streams have waited for too long. */
  onDeadline(): void {
    if (this.#departure.isHolding) return this.goOn();
    if (this.#codec.peer.known) this.#leave();
    else this.transport.destroy();
    return undefined;
  }

  onStream(stream: Http2Stream, request: RequestFields, isEnd: boolean): StreamOwner {
    if (this.#idleSinceMs !== undefined) {
      this.#idleSinceMs = undefined;
      this.armAt(Infinity);
    }
    const client = this.streams.take();
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
    if (!this.#departure.isHolding) this.armIdle();
    this.offer();
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
  #leave(): undefined {
    this.#departure.ask(this.deps.wheel.nowMs);
  }

  /**
   * What is under way ends, and new streams wait for that, unless that would take too long: then a
   * moment between two may come by itself.
   */
  #prepareToMove(): undefined {
    const { nowMs } = this.deps.wheel;
    if (this.#departure.isHolding) return;
    if (this.#departure.isHopeless(nowMs) || this.streams.hasTunnel) return this.#leave();
    const isLong = this.streams.hasSince(nowMs - HOLD_MS);
    if (!isLong && this.#departure.hold()) this.armFor(HOLD_MS);
    return undefined;
  }

  #finishLeaving(): void {
    this.#codec.finishLeaving();
    if (this.#codec.streams === 0) this.#end();
  }

  #end(reason?: Http2Reason): void {
    if (reason !== undefined) this.onRejected(reason);
    this.#codec.close(reason && FAULTS[reason].code);
    this.linger();
  }
}
