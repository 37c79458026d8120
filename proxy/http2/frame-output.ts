import type { FrameSink } from "./frame-sink.ts";
import { CONTROL_BYTES_MAX, TURN_BYTES_MAX } from "./limits.ts";
import type { StreamSender } from "./stream-sender.ts";
import type { Http2Stream } from "./stream.ts";

/** Hears of streams that have sent all they have. */
export interface OutputOwner {
  /** Its end is in a frame that goes out, or is out. */
  onSendEnded(stream: Http2Stream): void;
  /** It stands in no list of ours any more. */
  onUntouched(stream: Http2Stream): void;
}

/**
 * What goes out on a connection: the frames of a turn as one text, in which each stream has its
 * place once. While the peer does not read, only what answers it directly is added, and that is
 * bounded.
 */
export class FrameOutput {
  /** Nothing more goes out. */
  isClosed = false;

  readonly #sink: FrameSink;
  readonly #sender: StreamSender;
  readonly #owner: OutputOwner;
  #text = "";
  #isAsked = false;
  /** Streams with something to send, in the order in which they began. */
  #touched: Http2Stream[] = [];
  #spare: Http2Stream[] = [];
  #unblocked: Http2Stream[] = [];

  constructor(sink: FrameSink, sender: StreamSender, owner: OutputOwner) {
    this.#sink = sink;
    this.#sender = sender;
    this.#owner = owner;
  }

  /** The peer has not taken all that was written. */
  get isBlocked(): boolean {
    return this.#sink.blocked;
  }

  /** Nothing waits to be written. */
  get isEmpty(): boolean {
    return this.#text === "" && this.#touched.length === 0 && !this.#sink.blocked;
  }

  /** A peer that reads nothing has made us answer more than we keep. */
  get isOverfull(): boolean {
    return this.#text.length > CONTROL_BYTES_MAX && this.#sink.blocked;
  }

  /** Adds whole frames that are no stream's message. */
  add(frames: string): void {
    this.#text += frames;
    this.ask();
  }

  /** The stream has something to send. */
  touch(stream: Http2Stream): void {
    if (stream.isTouched) return;
    stream.isTouched = true;
    this.#touched.push(stream);
    this.ask();
  }

  /** Wants a flush() at the end of the turn. */
  ask(): void {
    if (this.#isAsked || this.isClosed) return;
    this.#isAsked = true;
    this.#sink.flushLater();
  }

  /** Writes what has been gathered, unless the peer does not read. */
  flush(): void {
    this.#isAsked = false;
    if (this.#sink.blocked || this.isClosed) return;
    this.#gather();
    this.#write();
    this.#tellUnblocked();
  }

  /** The peer reads again; `streams`: those that are open. */
  onFlushed(streams: Iterable<Http2Stream>): void {
    for (const stream of streams) {
      if (stream.isAwaited) this.#unblocked.push(stream);
    }
    this.flush();
  }

  /** The last frames that go out, whether the peer reads or not. */
  close(frames: string): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#sink.write(this.#text + frames);
    this.#text = "";
    this.#sink.end();
  }

  /** The peer has opened the connection's window. false: wider than there is. */
  widen(by: number): boolean {
    if (!this.#sender.widen(by)) return false;
    for (const stream of this.#sender.takeStarved()) {
      if (stream.isClosed) this.#owner.onUntouched(stream);
      else this.touch(stream);
    }
    return true;
  }

  /** What a stream has, before the turn ends: see StreamHost. */
  sendNow(stream: Http2Stream): void {
    if (!this.#sink.blocked) this.#send(stream);
  }

  /** See StreamHost. */
  sendBulk(stream: Http2Stream, chunk: Buffer, isEnd: boolean): number {
    if (this.#sink.blocked || this.isClosed) return 0;
    this.#gather();
    const size = this.#sender.bulkBytes(stream, chunk.length);
    const parts = this.#sender.bulkFrames(this.#text, stream, chunk, isEnd);
    if (parts === undefined) return 0;
    this.#text = "";
    this.#sink.writeParts(parts);
    if (stream.sendEnded) this.#owner.onSendEnded(stream);
    return size;
  }

  #gather(): void {
    const touched = this.#touched;
    if (touched.length === 0) return;
    this.#touched = this.#spare;
    for (const stream of touched) {
      stream.isTouched = false;
      this.#send(stream);
      if (stream.isClosed) this.#owner.onUntouched(stream);
      if (this.#text.length > TURN_BYTES_MAX) this.#write();
    }
    touched.length = 0;
    this.#spare = touched;
  }

  #write(): void {
    const text = this.#text;
    if (text === "") return;
    this.#text = "";
    this.#sink.write(text);
  }

  #send(stream: Http2Stream): void {
    if (stream.sendEnded || stream.isClosed) return;
    this.#text += this.#sender.framesOf(stream);
    if (stream.sendEnded) this.#owner.onSendEnded(stream);
    else if (stream.isAwaited && stream.body === "") this.#unblocked.push(stream);
  }

  #tellUnblocked(): void {
    const unblocked = this.#unblocked;
    if (unblocked.length === 0) return;
    this.#unblocked = [];
    for (const stream of unblocked) {
      if (!stream.isAwaited || stream.isClosed || stream.isFull) continue;
      stream.isAwaited = false;
      stream.owner.onUnblocked();
    }
  }
}
