import type { ResponseSink } from "../exchange/ports.ts";
import type { AbortReason } from "../http1/message-stream.ts";
import type { OutgoingResponse } from "../http1/outgoing-response.ts";
import type { OwnAnswer } from "../http1/own-answer.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import type { ViaLines } from "../http1/rewrite-response.ts";
import { linesBlock } from "../http2/encode-head.ts";
import { ErrorCode } from "../http2/error-codes.ts";
import type { Http2Stream } from "../http2/stream.ts";
import type { ByteSource } from "../transport/transport.ts";
import { answerBlock, interimBlock, responseBlock } from "./response-blocks.ts";

/** How a stream ends for each reason (RFC 9113 section 7). */
const CODES: Readonly<Record<AbortReason, number>> = {
  half: ErrorCode.internalError,
  cut: ErrorCode.cancel,
  refused: ErrorCode.protocolError,
  left: ErrorCode.cancel,
};

/**
 * The responses of one stream of HTTP/2 after the other, and how much of its requests may come. One
 * object for each StreamClient, reused.
 */
export class StreamResponses implements ResponseSink {
  readonly #onAborted: () => void;
  /** undefined: none, before the first request. */
  #stream: Http2Stream | undefined;
  /** Bytes of the request that were used and not told the client, and whether it must wait. */
  #owed = 0;
  #isPaused = false;

  /** `onAborted`: the stream was reset by abort(). */
  constructor(onAborted: () => void) {
    this.#onAborted = onAborted;
  }

  /** The next request has begun. */
  begin(stream: Http2Stream): void {
    this.#stream = stream;
    this.#owed = 0;
    this.#isPaused = false;
  }

  get blocked(): boolean {
    return this.#stream?.blocked === true;
  }

  /** The client's windows do not let all of it through. */
  get hasUnsent(): boolean {
    const stream = this.#stream;
    if (stream === undefined || stream.isClosed || stream.pendingBytes === 0) return false;
    return stream.pendingBytes > stream.sendWindow || stream.waitingSinceMs > 0 || stream.blocked;
  }

  /** Since when nothing of that went out, in monotonic milliseconds. 0: it moves. */
  get waitingSinceMs(): number {
    return this.#stream?.waitingSinceMs ?? 0;
  }

  encode(response: OutgoingResponse): string {
    return responseBlock(response);
  }

  interim(head: ResponseHead, via: ViaLines): void {
    this.#stream?.sendHead(interimBlock(head, via), false);
  }

  answer(answer: OwnAnswer): void {
    const { body } = answer;
    this.#stream?.sendHead(answerBlock(answer), body === "");
    if (body !== "") this.#stream?.send(body, true);
  }

  abort(reason: AbortReason): void {
    this.reset(CODES[reason]);
    this.#onAborted();
  }

  send(head: string, body: string): void {
    if (head !== "") this.#stream?.sendHead(head, false);
    if (body !== "") this.#stream?.send(body, false);
  }

  relay(source: ByteSource, head: string, bytes: Buffer, start: number, end: number): void {
    if (head !== "") this.#stream?.sendHead(head, false);
    this.#stream?.relay(source, bytes, start, end, false);
  }

  finish(trailers: string): void {
    this.#stream?.end(trailers === "" ? "" : linesBlock(trailers));
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.settle();
  }

  /** Other streams of the connection go on reading, so that there is nothing but a copy. */
  keep(bytes: Buffer, start: number, end: number): Buffer {
    return Buffer.from(bytes.subarray(start, end));
  }

  releaseBuffer(): void {
    // As above.
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
    this.#stream?.consumed(bytes);
  }

  /** Ends the stream, both ways. */
  reset(code: number): void {
    this.#stream?.reset(code);
  }

  /** Nothing more is done with it; what was sent goes out. */
  release(): void {
    const stream = this.#stream;
    this.#stream = undefined;
    stream?.release();
  }
}
