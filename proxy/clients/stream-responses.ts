import type { ResponseSink } from "../exchange/ports.ts";
import type { AbortReason } from "../http1/message-stream.ts";
import type { OutgoingResponse } from "../http1/outgoing-response.ts";
import type { OwnAnswer } from "../http1/own-answer.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import type { ViaLines } from "../http1/rewrite-response.ts";
import { ErrorCode } from "../http2/error-codes.ts";
import type { Http2Stream } from "../http2/stream.ts";
import { StreamMessages } from "../http2/stream-messages.ts";
import type { ByteSource } from "../transport/transport.ts";
import { CallAnswer, END_OF_LEFT_CALL } from "./call-answer.ts";
import { answerBlock, interimBlock, responseBlock } from "./response-blocks.ts";

/**
 * How a stream ends for each reason (RFC 9113 section 7). `cut` is also how a server ends a call of
 * gRPC inside a message (gRPC over HTTP2, "Errors").
 */
const CODES: Readonly<Record<AbortReason, number>> = {
  half: ErrorCode.internalError,
  cut: ErrorCode.cancel,
  refused: ErrorCode.protocolError,
  left: ErrorCode.cancel,
  unread: ErrorCode.cancel,
};

/**
 * The responses of one stream of HTTP/2 after the other, and how much of its requests may come. One
 * object for each StreamClient, reused.
 */
export class StreamResponses extends StreamMessages implements ResponseSink {
  readonly call = new CallAnswer();
  readonly #onAborted: () => void;
  readonly #onCallOver: () => void;
  readonly #onUnread: () => void;
  /** Bytes of the request that were used and not told the client, and whether it must wait. */
  #owed = 0;
  #isPaused = false;

  /**
   * `onAborted`: the stream was reset by abort(). `onCallOver`: a call that was asked to end has,
   * of which its exchange does not know. `onUnread`: abort() is about to give up who does not read.
   */
  constructor(onAborted: () => void, onCallOver: () => void, onUnread: () => void) {
    super();
    this.#onAborted = onAborted;
    this.#onCallOver = onCallOver;
    this.#onUnread = onUnread;
  }

  /** The next request has begun. */
  begin(stream: Http2Stream): void {
    this.current = stream;
    this.#owed = 0;
    this.#isPaused = false;
    this.call.reset();
  }

  /** The client's windows do not let all of it through. */
  get hasUnsent(): boolean {
    const stream = this.current;
    if (stream === undefined || stream.isClosed || stream.pendingBytes === 0) return false;
    return stream.pendingBytes > stream.sendWindow || stream.waitingSinceMs > 0 || stream.blocked;
  }

  /** Since when nothing of that went out, in monotonic milliseconds. 0: it moves. */
  get waitingSinceMs(): number {
    return this.current?.waitingSinceMs ?? 0;
  }

  encode(response: OutgoingResponse): string {
    return responseBlock(response);
  }

  interim(head: ResponseHead, via: ViaLines): void {
    this.current?.sendHead(interimBlock(head, via), false);
  }

  answer(answer: OwnAnswer): void {
    const { body } = answer;
    this.current?.sendHead(answerBlock(answer), body === "");
    if (body !== "") this.current?.send(body, true);
  }

  finishCall(trailers: string): boolean {
    if (!this.call.isBetweenMessages) return false;
    this.finish(trailers);
    return true;
  }

  abort(reason: AbortReason): void {
    if (reason === "unread") this.#onUnread();
    this.reset(CODES[reason]);
    this.#onAborted();
  }

  /** No endpoint has seen the request: its client may send it again (RFC 9113 section 8.7). */
  refuse(): void {
    this.reset(ErrorCode.refusedStream);
    this.#onAborted();
  }

  override send(head: string, body: string): void {
    if (!this.call.isCall || body === "") return super.send(head, body);
    const bytes = Buffer.from(body, "latin1");
    return this.relay(this, head, bytes, 0, bytes.length);
  }

  override relay(
    source: ByteSource,
    head: string,
    bytes: Buffer,
    start: number,
    end: number,
  ): void {
    if (!this.call.isCall) return super.relay(source, head, bytes, start, end);
    const to = this.call.pass(bytes, start, end);
    if (to > start) super.relay(source, head, bytes, start, to);
    else super.send(head, "");
    return this.call.isOver ? this.#endCall() : undefined;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.settle();
  }

  /** So much of the request came. */
  owe(bytes: number): void {
    this.#owed += bytes;
  }

  /** It was used: as much may come, unless the client must wait. */
  settle(): void {
    if (this.#isPaused || this.#owed === 0) return;
    const bytes = this.#owed;
    this.#owed = 0;
    this.current?.consumed(bytes);
  }

  /** What its endpoint still sends is lost; its client hears that the call must go elsewhere. */
  #endCall(): void {
    const stream = this.current;
    this.finish(END_OF_LEFT_CALL);
    // Not from inside its exchange's own call.
    queueMicrotask(() => {
      if (stream !== undefined && this.current === stream) this.#onCallOver();
    });
  }

  /** Ends the stream, both ways. */
  reset(code: number): void {
    this.current?.reset(code);
  }

  /** Nothing more is done with it; what was sent goes out. */
  release(): void {
    const stream = this.current;
    this.current = undefined;
    stream?.release();
  }
}
