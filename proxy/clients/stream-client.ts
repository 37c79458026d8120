import { randomBytes } from "node:crypto";
import { Timer } from "../base/timer-wheel.ts";
import type { Expiring } from "../base/timer-wheel.ts";
import type { Exchange } from "../exchange/exchange.ts";
import type { ExchangeClient } from "../exchange/ports.ts";
import { refusalResponse } from "../exchange/respond.ts";
import { REFUSALS } from "../http1/refusal.ts";
import type { Refusal } from "../http1/refusal.ts";
import type { HeaderList } from "../http2/header-list.ts";
import type { Http2Reason } from "../http2/reasons.ts";
import type { RequestFields } from "../http2/request-fields.ts";
import type { Http2Stream, StreamOwner } from "../http2/stream.ts";
import type { SourceRule } from "../intentions/intention-judge.ts";
import type { JudgedRequest } from "../intentions/permission-rule.ts";
import type { Peer } from "../transport/peer.ts";
import type { LiveService } from "../upstream/live-service.ts";
import type { OpenTunnel, TunnelClient } from "../tunnel/tunnel-ends.ts";
import type { CallAnswer } from "./call-answer.ts";
import type { ClientTimeouts } from "./accepted-connection.ts";
import type { ClientDeps } from "./client-deps.ts";
import { noteRefusedHead } from "./refused-head.ts";
import { StreamResponses } from "./stream-responses.ts";
import { StreamTunnelEnd } from "./stream-tunnel-end.ts";

/** Of a nonce for a WebSocket (RFC 6455 section 4.1). */
const KEY_BYTES = 16;

/** A client keeps what it has asked for, and does not read it. */
const UNREAD = "h2-answers-unread";

/** What follows the head of a request when that is all that has come. */
const NOTHING = Buffer.alloc(0);

/** The connection of a stream. */
export interface ClientOfStreams {
  readonly peer: Peer;
  readonly service: string | undefined;
  readonly draining: boolean;
  /** The intentions that its client is judged by. undefined: none are about it. */
  readonly rule: SourceRule | undefined;
  readonly timeouts: ClientTimeouts;
  serviceFor(host: string): LiveService | undefined;
  denies(request: JudgedRequest): boolean;
  followPolicy(policy: ClientTimeouts): void;
  /** One of its streams was ended for this. To be counted. */
  onRejected(reason: Http2Reason): void;
  /** The stream is over, and may be used for another request. */
  streamEnded(stream: StreamClient): void;
}

/**
 * exchange: from its head to the end of both messages. sending: the client has not taken all of the
 * response. tunnel: a WebSocket. gone: not in use.
 */
type State = "exchange" | "sending" | "tunnel" | "gone";

/**
 * One stream of a client's HTTP/2 connection: the client of one exchange. Objects are reused by the
 * next streams of the connection.
 */
export class StreamClient implements ExchangeClient, StreamOwner, Expiring {
  readonly stream = new StreamResponses(
    () => this.#exchange?.onClientGone(),
    () => this.exchange?.cut(),
    () => this.#connection.onRejected(UNREAD),
  );
  readonly mayBind = false;
  readonly bound = undefined;
  /** Who has taken it over. undefined: nobody. */
  tunnel: OpenTunnel | undefined;
  readonly #connection: ClientOfStreams;
  readonly #deps: ClientDeps;
  readonly #timer = new Timer(this);
  #state: State = "gone";
  #exchange: Exchange | undefined;
  #tunnelEnd: StreamTunnelEnd | undefined;
  /** The rule that has let the tunnel pass. */
  #tunnelRule: SourceRule | undefined;

  constructor(connection: ClientOfStreams, deps: ClientDeps) {
    this.#connection = connection;
    this.#deps = deps;
  }

  /** A request has come, whose body follows unless `isEnd`. */
  begin(stream: Http2Stream, request: RequestFields, isEnd: boolean): void {
    this.#state = "exchange";
    this.stream.begin(stream);
    const exchange = this.#deps.exchanges.lend(this);
    this.#exchange = exchange;
    const { refusal, protocol } = request;
    const key = protocol === "" ? "" : randomBytes(KEY_BYTES).toString("base64");
    if (refusal !== undefined) return this.#refuse(refusal);
    if (!exchange.head.fill(request, isEnd, key)) {
      return this.#refuse(exchange.head.refusal ?? REFUSALS["target-invalid"]);
    }
    if (exchange.head.upgrade !== undefined) this.#tunnelEnd = this.#makeTunnelEnd();
    exchange.begin(NOTHING, 0, 0);
    this.stream.call.isCall = exchange.to.grpc.isCall;
    return undefined;
  }

  get peer(): Peer {
    return this.#connection.peer;
  }

  get draining(): boolean {
    return this.#connection.draining;
  }

  /** The request that is under way. undefined: none. */
  get exchange(): Exchange | undefined {
    return this.#state === "exchange" ? this.#exchange : undefined;
  }

  /** The answer to a call of gRPC that may last. undefined: there is none. */
  get call(): CallAnswer | undefined {
    const isAnswered = (this.exchange?.answer.status ?? 0) > 0;
    return isAnswered && this.stream.call.isStream ? this.stream.call : undefined;
  }

  get tunnelEnd(): TunnelClient | undefined {
    return this.#tunnelEnd;
  }

  serviceFor(host: string): LiveService | undefined {
    return this.#connection.serviceFor(host);
  }

  denies(request: JudgedRequest): boolean {
    return this.#connection.denies(request);
  }

  followPolicy(policy: ClientTimeouts): void {
    this.#connection.followPolicy(policy);
  }

  armAt(deadlineMs: number): void {
    this.#deps.wheel.armAt(this.#timer, deadlineMs);
  }

  exchangeEnded(): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.#timer.disarm();
    if (exchange !== undefined) this.#deps.exchanges.giveBack(exchange);
    if (this.#state !== "exchange") return;
    if (this.stream.hasUnsent) this.#awaitSending();
    else this.#release();
  }

  /** As AcceptedConnection.judgeAgain(). */
  judgeAgain(): void {
    const { rule } = this.#connection;
    const { exchange, tunnel } = this;
    if (rule === undefined || rule.always === "allow") return;
    if (tunnel !== undefined && rule.key !== this.#tunnelRule?.key) tunnel.cut(1008);
    if (exchange !== undefined && this.denies(exchange.head)) exchange.cut("intention-denied");
  }

  onHead(): void {
    // Only servers answer.
  }

  onInterim(): void {
    // As onHead().
  }

  onData(bytes: Buffer, start: number, end: number, isEnd: boolean): void {
    const { exchange } = this;
    this.stream.owe(end - start);
    if (this.#tunnelEnd !== undefined) {
      this.#tunnelEnd.onData(bytes, start, end, isEnd);
    } else if (exchange !== undefined) {
      if (end > start) exchange.onRequestBytes(bytes, start, end);
      // That may have been too much.
      if (isEnd && this.#exchange === exchange) exchange.onRequestFinish(undefined);
    }
    this.stream.settle();
  }

  onTrailers(trailers: HeaderList): void {
    if (this.#tunnelEnd === undefined) this.exchange?.onRequestFinish(trailers);
    else this.#tunnelEnd.onData(NOTHING, 0, 0, true);
  }

  onUnblocked(): void {
    if (this.#state === "sending" && !this.stream.hasUnsent) return this.#release();
    if (this.tunnel !== undefined) this.tunnel.onFlushed();
    else this.exchange?.onClientTook();
    return undefined;
  }

  onReset(): void {
    if (this.#state === "tunnel") return this.#tunnelEnd?.onReset();
    if (this.#state === "sending") return this.#release();
    return this.#exchange?.onClientGone();
  }

  onDeadline(nowMs: number): void {
    if (this.#state === "exchange") this.#exchange?.onDeadline(nowMs);
    else if (this.#state === "sending") this.#lookAtSending(nowMs);
  }

  #refuse(refusal: Refusal): void {
    const { service, peer } = this.#connection;
    const { date, wheel } = this.#deps;
    noteRefusedHead(this.#deps, refusal, { peer, service, protocol: "2.0" });
    const options = { head: false, date: date.at(wheel.nowMs) };
    this.stream.answer(refusalResponse(refusal, options));
    this.exchangeEnded();
  }

  /** The client may take the rest as slowly as a body under way. */
  #awaitSending(): void {
    const { stallTimeoutMs } = this.#connection.timeouts;
    this.#state = "sending";
    this.#deps.wheel.arm(this.#timer, stallTimeoutMs > 0 ? stallTimeoutMs : Infinity);
  }

  #lookAtSending(nowMs: number): void {
    const { waitingSinceMs, hasUnsent } = this.stream;
    if (!hasUnsent) return this.#release();
    const { stallTimeoutMs } = this.#connection.timeouts;
    const isStalled = waitingSinceMs > 0 && nowMs - waitingSinceMs >= stallTimeoutMs;
    if (!isStalled) return this.#awaitSending();
    this.stream.abort("unread");
    return this.#release();
  }

  #makeTunnelEnd(): StreamTunnelEnd {
    return new StreamTunnelEnd(this.stream, this.peer, {
      begun: (tunnel) => this.#becomeTunnel(tunnel),
      ended: () => this.#tunnelEnded(),
    });
  }

  #becomeTunnel(tunnel: OpenTunnel): void {
    this.#state = "tunnel";
    this.tunnel = tunnel;
    this.#tunnelRule = this.#connection.rule;
    this.#deps.connections.streamTunnels += 1;
  }

  #tunnelEnded(): void {
    this.#deps.connections.streamTunnels -= 1;
    this.#release();
  }

  /** From now on it may be another stream's. */
  #release(): void {
    this.#state = "gone";
    this.tunnel = undefined;
    this.#tunnelEnd = undefined;
    this.#tunnelRule = undefined;
    this.#timer.disarm();
    this.stream.release();
    this.#connection.streamEnded(this);
  }
}
