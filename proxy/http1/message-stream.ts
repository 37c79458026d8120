import { latin1 } from "../base/latin1.ts";
import { chunkPrefix, lastChunk } from "./chunk-encoding.ts";
import type { OutgoingRequest } from "./outgoing-request.ts";
import type { OutgoingResponse } from "./outgoing-response.ts";
import { answerText } from "./own-answer.ts";
import type { OwnAnswer } from "./own-answer.ts";
import type { ResponseHead } from "./response-head.ts";
import { interimHeadForClient } from "./rewrite-response.ts";
import type { ViaLines } from "./rewrite-response.ts";

/**
 * Why a client gets no more. half: the rest of its answer will never come. cut: it is ended by us.
 * refused: its request broke a rule when the answer had begun. left: it seems to be gone. unread:
 * it has not read for too long.
 */
export type AbortReason = "half" | "cut" | "refused" | "left" | "unread";

/** Larger chunks are not copied into one text with their framing. */
const TEXT_CHUNK_BYTES_MAX = 8 * 1024;

/** Who has read the bytes that are passed on: see ByteSource of proxy/transport/transport.ts. */
type Source = {
  keep(bytes: Buffer, start: number, end: number): Buffer;
  releaseBuffer(taken: boolean): void;
};

/** The connection below: a Transport. */
type Connection = Source & {
  readonly blocked: boolean;
  readonly endIsProven: boolean;
  write(text: string): void;
  relay(source: Source, head: string, bytes: Buffer, start: number, end: number): void;
  pause(): void;
  resume(): void;
  destroy(): void;
  reset(): void;
};

/**
 * Messages of HTTP/1.1 on a connection: heads are text, and bodies go out as they are given, or in
 * chunks (RFC 9112 section 7.1).
 */
class MessageStream {
  /**
   * The body of the message under way is made into chunks. Otherwise it has all the framing that it
   * needs.
   */
  protected makesChunks = false;
  protected readonly connection: Connection;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  /** Bytes wait for the peer. */
  get blocked(): boolean {
    return this.connection.blocked;
  }

  /** Sends `head` and then latin1 text of its body, each of which may be "". */
  send(head: string, body: string): void {
    const isChunk = this.makesChunks && body !== "";
    this.connection.write(head + (isChunk ? chunkOf(body) : body));
  }

  /** As send(), with bytes[start, end), which `source` has read. */
  relay(source: Source, head: string, bytes: Buffer, start: number, end: number): void {
    if (this.makesChunks) this.#relayChunk(source, head, bytes, start, end);
    else this.connection.relay(source, head, bytes, start, end);
  }

  /** The message has ended. `trailers`: field lines, "" for none. */
  finish(trailers: string): void {
    if (!this.makesChunks) return;
    this.makesChunks = false;
    this.connection.write(lastChunk(trailers));
  }

  pause(): void {
    this.connection.pause();
  }

  resume(): void {
    this.connection.resume();
  }

  keep(bytes: Buffer, start: number, end: number): Buffer {
    return this.connection.keep(bytes, start, end);
  }

  releaseBuffer(taken: boolean): void {
    this.connection.releaseBuffer(taken);
  }

  #relayChunk(source: Source, head: string, bytes: Buffer, start: number, end: number): void {
    if (end - start <= TEXT_CHUNK_BYTES_MAX) {
      this.connection.write(head + chunkOf(latin1(bytes, start, end)));
      return this.blocked ? undefined : source.releaseBuffer(true);
    }
    this.connection.relay(source, head + chunkPrefix(end - start), bytes, start, end);
    return this.connection.write("\r\n");
  }
}

/** Requests, on a connection to an endpoint. One object for each connection. */
export class RequestStream extends MessageStream {
  readonly takesChunks = true;

  /** See Transport.endIsProven. */
  get endIsProven(): boolean {
    return this.connection.endIsProven;
  }

  /** The head, which goes out next. */
  encode(request: OutgoingRequest): string {
    this.makesChunks = request.isChunked;
    return request.text();
  }
}

/** Responses, on a connection from a client. One object for each connection. */
export class ResponseStream extends MessageStream {
  /** The head of a final response or a 101, which goes out next. */
  encode(response: OutgoingResponse): string {
    this.makesChunks = response.framing === "chunked";
    return response.text();
  }

  /** Sends the head of an interim response. */
  interim(head: ResponseHead, via: ViaLines): void {
    this.connection.write(interimHeadForClient(head, via));
  }

  /** Sends the whole of an own answer. */
  answer(answer: OwnAnswer): void {
    this.connection.write(answerText(answer));
  }

  /** No call of gRPC is answered in HTTP/1.1. */
  finishCall(): boolean {
    return false;
  }

  /** Ends the connection; of half an answer the client must see that it is none. */
  abort(reason: AbortReason): void {
    if (reason === "refused" || reason === "left") this.connection.destroy();
    else this.connection.reset();
  }
}

function chunkOf(text: string): string {
  return `${chunkPrefix(text.length)}${text}\r\n`;
}
