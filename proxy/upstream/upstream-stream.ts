import type { OutgoingRequest } from "../http1/outgoing-request.ts";
import type { DecodedResponse } from "../http1/decoded-head.ts";
import { Field } from "../http1/field-names.ts";
import { ErrorCode } from "../http2/error-codes.ts";
import type { HeaderList } from "../http2/header-list.ts";
import type { Http2Stream, ResetBy, StreamOwner } from "../http2/stream.ts";
import { StreamMessages } from "../http2/stream-messages.ts";
import type { TurnWatcher, WriteBatch } from "../transport/write-batch.ts";
import { StreamResetError } from "./connect-failure.ts";
import type { Endpoint } from "./endpoint.ts";
import { blockOf, protocolOf } from "./request-block.ts";
import { StreamTunnel, switched } from "./stream-tunnel.ts";
import type { MessageUser } from "./upstream-connection.ts";

/** The connection that streams are of, as they see it. */
export interface StreamCarrier {
  readonly endpoint: Endpoint;
  readonly scheme: "http" | "https";
  readonly turns: WriteBatch;
  /** The endpoint has said that it knows extended CONNECT (RFC 8441 section 3). */
  readonly takesTunnels: boolean;
  /** Nothing new may be sent. */
  readonly gone: boolean;
  /** An answer or a part of one came. */
  heard(): void;
  /** A user that may have waited is about to be told. */
  settled(user: MessageUser): void;
  /** A stream has ended, and counts no more. */
  streamEnded(): void;
  /** Its object can serve another: nobody refers to it any more. */
  takeBack(stream: UpstreamStream): void;
}

/**
 * A stream of a shared connection to an endpoint, which carries one exchange. A connection that has
 * rested is looked at before it carries one more: see onTurnEnd(). Reused by its connection.
 */
export class UpstreamStream extends StreamMessages implements StreamOwner, TurnWatcher {
  /** It is its own way to the endpoint. */
  readonly stream = this;
  /** Bodies go as payload. */
  readonly takesChunks = false;
  /** A stream has an end of its own. */
  readonly endIsProven = true;
  /** Connections rest by their own rules; an answer does not say how long. */
  toldIdleMs: number | undefined;
  /** Its user may write. */
  ready = false;
  /** Whether what ends without an answer may be the end of a connection that had rested. */
  reused = false;
  user: MessageUser | undefined;
  readonly #carrier: StreamCarrier;
  /** The extended CONNECT that was sent. "": another request. */
  #protocol = "";
  /** The key of an h1 client's handshake, which its answer must prove. "": there is none. */
  #key = "";
  /** The endpoint does not know what it would be asked for, so nothing is sent. */
  #isRefused = false;
  #paused = false;
  /** What came while paused: so much has not been given back to its window. */
  #owed = 0;
  /** Which exchange it carries: another number for each. */
  #use = 0;
  #tunnel: StreamTunnel | undefined;

  constructor(carrier: StreamCarrier) {
    super();
    this.#carrier = carrier;
  }

  /** Carries an exchange of `user` from now on. `ready`: it may write at once. */
  begin(user: MessageUser, stream: Http2Stream, ready: boolean, reused: boolean): this {
    this.#use += 1;
    this.user = user;
    this.ready = ready;
    this.reused = reused;
    this.current = stream;
    this.#protocol = "";
    this.#key = "";
    this.#isRefused = false;
    this.#paused = false;
    this.#owed = 0;
    if (!ready) this.#carrier.turns.tell(this);
    return this;
  }

  get endpoint(): Endpoint {
    return this.#carrier.endpoint;
  }

  get gone(): boolean {
    return this.current === undefined || this.#carrier.gone;
  }

  /** It can become the end of a tunnel once that was asked for. */
  get tunnelEnd(): StreamTunnel | undefined {
    return this.#protocol === "" ? undefined : this.#tunnel;
  }

  encode(request: OutgoingRequest): string {
    const stream = this.current;
    if (stream === undefined) return "";
    this.#protocol = protocolOf(request);
    stream.isHead = request.method === "HEAD";
    if (this.#protocol !== "" && !this.#carrier.takesTunnels) {
      this.#isRefused = true;
      this.#carrier.turns.tell(this);
      return "";
    }
    if (this.#protocol !== "") {
      this.#key = request.fields.valueOfKind(Field.webSocketKey) ?? "";
      this.#tunnel = new StreamTunnel(this, stream);
    }
    return blockOf(request, this.#carrier.scheme);
  }

  /** What follows an extended CONNECT is the tunnel's. */
  override finish(trailers: string): void {
    if (this.#protocol === "") super.finish(trailers);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    const owed = this.#owed;
    this.#owed = 0;
    if (owed > 0) this.current?.consumed(owed);
  }

  /** The exchange is over. `isInOrder`: on both sides; else the endpoint hears that it is not. */
  close(isInOrder: boolean): void {
    const stream = this.#detach();
    if (stream === undefined) return;
    if (!isInOrder && !stream.isClosed) stream.reset(ErrorCode.cancel);
    stream.release();
    this.#carrier.streamEnded();
    this.#carrier.takeBack(this);
  }

  /** Gives the stream to its user after a look at its connection. */
  onTurnEnd(): void {
    // Its user may have left, and another has come to whom it was given at once.
    if (this.#isRefused && this.current !== undefined)
      return this.user?.onUpstreamFailed("noTunnels", undefined);
    if (this.current === undefined || this.ready) return undefined;
    const { user, endpoint } = this;
    if (user !== undefined) this.#carrier.settled(user);
    this.ready = !this.#carrier.gone;
    if (this.ready) return user?.onUpstreamReady(this);
    // Its connection has ended while it was looked at.
    this.close(true);
    return user?.onUpstreamFailed("stale", endpoint);
  }

  onHead(response: DecodedResponse, isEnd: boolean): void {
    this.#carrier.heard();
    const isSwitch = this.#protocol !== "" && response.status >= 200 && response.status < 300;
    if (isSwitch && !isEnd) {
      return this.user?.onUpstreamHead(switched(response, this.#protocol, this.#key), false);
    }
    return this.user?.onUpstreamHead(response, isEnd);
  }

  onInterim(response: DecodedResponse): void {
    this.user?.onUpstreamHead(response, false);
  }

  onData(bytes: Buffer, start: number, end: number, isEnd: boolean): void {
    const use = this.#use;
    this.#carrier.heard();
    if (end > start) this.user?.onUpstreamBody(bytes, start, end);
    if (use !== this.#use || this.current === undefined) return;
    if (this.#paused) this.#owed += end - start;
    else this.current.consumed(end - start);
    if (isEnd) this.user?.onUpstreamFinish(undefined);
  }

  onTrailers(trailers: HeaderList): void {
    this.#carrier.heard();
    this.user?.onUpstreamFinish(trailers);
  }

  onUnblocked(): void {
    this.user?.onUpstreamFlushed();
  }

  onReset(code: number, by: ResetBy): void {
    const { user, endpoint } = this;
    // Of what the endpoint itself has ended, or never begun, nobody need guess that it was late.
    if (by !== "connection") this.reused = false;
    this.ready = false;
    this.#detach()?.release();
    this.#carrier.streamEnded();
    if (by !== "unprocessed") user?.onUpstreamClosed(new StreamResetError(code, by));
    // With its connection the cause has gone; an endpoint that only refuses may do so again.
    else user?.onUpstreamFailed(this.#carrier.gone ? "stale" : "unprocessed", endpoint);
    // Until now the user might have given it back.
    this.#carrier.takeBack(this);
  }

  /** Returns the stream of the exchange, which this one has no more. */
  #detach(): Http2Stream | undefined {
    const stream = this.current;
    this.current = undefined;
    this.#tunnel = undefined;
    this.user = undefined;
    return stream;
  }
}
