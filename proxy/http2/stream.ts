import { latin1 } from "../base/latin1.ts";
import type { BulkSource } from "./frame-sink.ts";
import type { HeaderList } from "./header-list.ts";
import { BULK_BYTES_MIN, PENDING_BYTES_MAX, STREAM_WINDOW_BYTES } from "./limits.ts";
import { ReceiveWindow } from "./receive-window.ts";
import type { ResponseFields } from "./response-fields.ts";

/**
 * Who ended a stream. `codec`: we did, because the peer broke a rule on it. `unprocessed`: the
 * peer, who says that it has done nothing for it. `connection`: it is lost with its connection.
 */
export type ResetBy = "peer" | "codec" | "unprocessed" | "connection";

/** What one stream is told. All that it is given is valid only during the call. */
export interface StreamOwner {
  /** Clients: the final head of the response. `isEnd`: nothing follows. */
  onHead(response: ResponseFields, isEnd: boolean): void;
  /** Clients: a 1xx. */
  onInterim(response: ResponseFields): void;
  /** bytes[start, end) of the body, perhaps none with `isEnd`. They are used up by consumed(). */
  onData(bytes: Buffer, start: number, end: number, isEnd: boolean): void;
  /** The message ends with these fields. */
  onTrailers(trailers: HeaderList): void;
  /** `blocked` was true and is not any more. */
  onUnblocked(): void;
  /**
   * It is over; nothing more is told. `code`: of the RST_STREAM. 0 by the peer, after its whole
   * response: the rest of the request is not wanted.
   */
  onReset(code: number, by: ResetBy): void;
}

/** The connection, as its streams see it. */
export interface StreamHost {
  /** The peer has not taken all that was written. */
  readonly isBlocked: boolean;
  /** Bytes that the peer may send on a new stream: as it was told. */
  readonly streamWindow: number;
  /** Clients: gives the stream its number. Its head goes out in this order. */
  begin(stream: Http2Stream): void;
  /** It has something to send at the end of the turn. */
  touch(stream: Http2Stream): void;
  /** Sends what it has now, as far as windows go. */
  sendNow(stream: Http2Stream): void;
  /** Sends the beginning of a chunk at once, without copying it. Returns how much that was. */
  sendBulk(stream: Http2Stream, chunk: Buffer, isEnd: boolean): number;
  resetByOwner(stream: Http2Stream, code: number): void;
  /** `bytes` of what came on it are used. */
  credit(stream: Http2Stream, bytes: number): void;
  released(stream: Http2Stream): void;
}

/** Hears of a stream that nobody wants to hear of any more. */
const NOBODY: StreamOwner = {
  onHead: () => undefined,
  onInterim: () => undefined,
  onData: () => undefined,
  onTrailers: () => undefined,
  onUnblocked: () => undefined,
  onReset: () => undefined,
};

/**
 * One request and its response (RFC 9113 section 5). What is to be sent waits for the end of the
 * turn, so that all of it goes out in as few frames as possible.
 *
 * Objects are reused: its owner calls release() exactly once, and never touches it again.
 */
export class Http2Stream {
  /** 0: a client's that has sent no head yet. */
  id = 0;
  owner: StreamOwner = NOBODY;
  /** Clients: it asks with HEAD, so that the answer has no body. To be set before sendHead(). */
  isHead = false;
  /** Bytes of body that the peer lets us send; below 0 after it has taken some back. */
  sendWindow = 0;
  readonly received = new ReceiveWindow(STREAM_WINDOW_BYTES);
  /** What the peer said the body has; -1: nothing. And what has come. */
  expectedBytes = -1;
  receivedBytes = 0;
  /** Size of the list of its request, as long as it is open. */
  listBytes = 0;
  /** A header block that waits, a body behind it, trailers behind that. */
  block = "";
  body = "";
  trailers = "";
  /** Nothing comes behind those. */
  endWanted = false;
  /** Of a client, the final head of the response has come. */
  headCame = false;
  /** A head of ours is out, or in the frames of this turn. */
  headSent = false;
  receiveEnded = false;
  sendEnded = false;
  /** Both sides have ended, or it was reset. */
  isClosed = false;
  isReleased = false;
  /** It stands in the list of those that have something to send, or that wait for a window. */
  isTouched = false;
  isStarved = false;
  /** Its owner was told to wait. */
  isAwaited = false;
  /**
   * Since when its body waits for the peer without progress, in the milliseconds of look(). 0: it
   * does not. For the owner's stall timeout.
   */
  waitingSinceMs = 0;

  readonly #host: StreamHost;

  /** A stream of this connection that is closed: begin() comes before anything else. */
  constructor(host: StreamHost) {
    this.#host = host;
  }

  /** Before it is used, again. */
  begin(id: number, sendWindow: number): void {
    this.id = id;
    this.owner = NOBODY;
    this.isHead = false;
    this.sendWindow = sendWindow;
    this.received.reset(this.#host.streamWindow);
    this.expectedBytes = -1;
    this.receivedBytes = 0;
    this.listBytes = 0;
    this.dropUnsent();
    this.endWanted = false;
    this.headCame = false;
    this.headSent = false;
    this.receiveEnded = false;
    this.sendEnded = false;
    this.isClosed = false;
    this.isReleased = false;
    this.isAwaited = false;
    this.waitingSinceMs = 0;
  }

  /** Servers: whoever was given the request wants to hear of it, unless it is over already. */
  adopt(owner: StreamOwner): void {
    if (!this.isClosed && !this.isReleased) this.owner = owner;
  }

  /** What waits will not be sent. */
  dropUnsent(): void {
    this.block = "";
    this.body = "";
    this.trailers = "";
  }

  /** Bytes of body that wait for a window, or for the peer to read. */
  get pendingBytes(): number {
    return this.body.length;
  }

  /** So much waits that its source should stop until onUnblocked(), and as long as it has to. */
  get blocked(): boolean {
    this.isAwaited ||= this.isFull;
    return this.isAwaited && !this.isClosed;
  }

  /** More waits than should. */
  get isFull(): boolean {
    return !this.isClosed && (this.body.length > PENDING_BYTES_MAX || this.#host.isBlocked);
  }

  /** Sends a head: a header block. Servers may send 1xx before the final one. */
  sendHead(block: string, isEnd: boolean): void {
    if (this.isClosed || this.endWanted) return;
    if (this.id === 0) this.#host.begin(this);
    else if (this.block !== "") this.#host.sendNow(this);
    this.block = block;
    this.endWanted = isEnd;
    this.#host.touch(this);
  }

  /** Sends some of the body as latin1 text. */
  send(text: string, isEnd: boolean): void {
    if (this.isClosed || this.endWanted) return;
    this.body = this.body === "" ? text : this.body + text;
    this.endWanted = isEnd;
    this.#host.touch(this);
  }

  /**
   * Sends bytes[start, end), which `source` has read. Bulk is not copied as far as the windows go;
   * the rest waits. The source must stop reading while this stream is `blocked`.
   */
  relay(source: BulkSource, bytes: Buffer, start: number, end: number, isEnd: boolean): void {
    if (end - start < BULK_BYTES_MIN) {
      this.send(latin1(bytes, start, end), isEnd);
      if (!this.#host.isBlocked) source.releaseBuffer(true);
      return;
    }
    if (this.isClosed || this.endWanted) return;
    const chunk = source.keep(bytes, start, end);
    const sent = this.#host.sendBulk(this, chunk, isEnd);
    if (sent < chunk.length) this.send(latin1(chunk, sent, chunk.length), isEnd);
  }

  /** Ends the message. `trailers`: a header block, "": none. Nothing happens when it has ended. */
  end(trailers = ""): void {
    if (this.isClosed || this.endWanted) return;
    this.trailers = trailers;
    this.endWanted = true;
    this.#host.touch(this);
  }

  /** Ends it at once, both ways. The owner is told nothing more. */
  reset(code: number): void {
    this.owner = NOBODY;
    if (!this.isClosed) this.#host.resetByOwner(this, code);
  }

  /** `bytes` of what onData() brought are used, so that as many may come. */
  consumed(bytes: number): void {
    if (!this.isClosed && bytes > 0) this.#host.credit(this, bytes);
  }

  /**
   * The owner has done with it. What it has sent still goes out; if it has not ended what it sends,
   * or a client what it receives, the stream is reset.
   */
  release(): void {
    this.owner = NOBODY;
    this.isReleased = true;
    this.#host.released(this);
  }
}
