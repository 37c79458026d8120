import { FRAME_HEAD_BYTES, FrameFlag, FrameType, PREFACE, uint31At } from "./frames.ts";
import { FRAME_BYTES_MAX } from "./limits.ts";
import { FAULTS } from "./reasons.ts";
import type { Http2Fault } from "./reasons.ts";

/** A frame's head (RFC 9113 section 4.1). */
export type FrameHead = {
  /** Of the payload. */
  length: number;
  type: number;
  flags: number;
  /** 0: the connection. */
  stream: number;
};

/** Takes frames apart from what they mean. What its calls return ends the connection. */
export interface FrameConsumer {
  /** Whether to read this frame; false: it and all behind it wait. */
  takes(head: FrameHead): boolean;
  /** A whole frame other than DATA; its payload is bytes[from, to). */
  onFrame(head: FrameHead, bytes: Buffer, from: number, to: number): Http2Fault | undefined;
  /** A DATA frame begins. `padding`: what of its payload is none of the body. */
  onDataHead(head: FrameHead, padding: number): Http2Fault | undefined;
  /** The next bytes of its body, perhaps none. `isLast`: it has no more. */
  onData(bytes: Buffer, from: number, to: number, isLast: boolean): void;
}

const MAGIC = Buffer.from(PREFACE, "latin1");
const NOTHING = Buffer.alloc(0);

/**
 * Finds the frames in what a peer sends, however it is cut. DATA is passed on as it comes; of other
 * frames only those are copied that come in several reads.
 */
export class FrameReader {
  /** What takes() did not take, and all behind it, has been put aside. */
  isHeld = false;
  readonly #consumer: FrameConsumer;
  /** Bytes of the client's preface that have yet to come. */
  #prefaceLeft: number;
  readonly #head: FrameHead = { length: 0, type: 0, flags: 0, stream: 0 };
  /** The beginning of a frame; with its head, there is room for the whole of it. */
  #begun: Buffer = NOTHING;
  #begunBytes = 0;
  /** In a DATA frame: the length of its padding comes next. */
  #isPadDue = false;
  /** In a DATA frame: bytes of its body, and of its padding, that have yet to come. */
  #bodyLeft = 0;
  #paddingLeft = 0;

  /** `hasPreface`: the peer is a client, which begins with one. */
  constructor(consumer: FrameConsumer, hasPreface: boolean) {
    this.#consumer = consumer;
    this.#prefaceLeft = hasPreface ? MAGIC.length : 0;
  }

  /** Reads bytes[from, to), which follow what was read before. Returns what ends the connection. */
  read(bytes: Buffer, from: number, to: number): Http2Fault | undefined {
    if (this.isHeld) return this.#hold(bytes, from, to);
    let at = from;
    if (this.#prefaceLeft > 0) {
      at = this.#readPreface(bytes, from, to);
      if (at === -1) return FAULTS["h2-preface-invalid"];
    }
    while (at < to && !this.isHeld) {
      const fault = this.#isInData ? this.#readData(bytes, at, to) : this.#readFrame(bytes, at, to);
      if (fault !== undefined) return fault;
      at = this.#next;
    }
    return undefined;
  }

  /** Where the last step stopped. */
  #next = 0;

  /** Goes on with what was put aside. */
  resume(): Http2Fault | undefined {
    if (!this.isHeld) return undefined;
    this.isHeld = false;
    const held = this.#begun;
    this.#begun = NOTHING;
    const length = this.#begunBytes;
    this.#begunBytes = 0;
    return this.read(held, 0, length);
  }

  /**
   * What was read and not used, from the head of a frame on. undefined: it stands in the middle of
   * one, or of the preface.
   */
  get unread(): Buffer | undefined {
    if (this.#prefaceLeft > 0 || this.#isInData) return undefined;
    return this.#begun.subarray(0, this.#begunBytes);
  }

  /** The preface was another process's. */
  skipPreface(): void {
    this.#prefaceLeft = 0;
  }

  get #isInData(): boolean {
    return this.#isPadDue || this.#bodyLeft > 0 || this.#paddingLeft > 0;
  }

  #readPreface(bytes: Buffer, from: number, to: number): number {
    const length = Math.min(this.#prefaceLeft, to - from);
    const begin = MAGIC.length - this.#prefaceLeft;
    if (MAGIC.compare(bytes, from, from + length, begin, begin + length) !== 0) return -1;
    this.#prefaceLeft -= length;
    return from + length;
  }

  /** From the head of a frame on, or from wherever the last read stopped in one. */
  #readFrame(bytes: Buffer, from: number, to: number): Http2Fault | undefined {
    if (this.#begunBytes > 0 || to - from < FRAME_HEAD_BYTES) {
      return this.#readBegun(bytes, from, to);
    }
    const fault = this.#readHead(bytes, from);
    if (fault !== undefined) return fault;
    if (!this.#consumer.takes(this.#head)) return this.#hold(bytes, from, to);
    if (this.#head.type === FrameType.data) {
      this.#next = from + FRAME_HEAD_BYTES;
      return this.#beginData(bytes);
    }
    const payload = from + FRAME_HEAD_BYTES;
    const end = payload + this.#head.length;
    if (end > to) return this.#readBegun(bytes, from, to);
    this.#next = end;
    return this.#consumer.onFrame(this.#head, bytes, payload, end);
  }

  /** Copies what a frame lacks, its head first, and uses it when it is whole. */
  #readBegun(bytes: Buffer, from: number, to: number): Http2Fault | undefined {
    let at = this.#copy(bytes, from, to, FRAME_HEAD_BYTES);
    this.#next = at;
    if (this.#begunBytes < FRAME_HEAD_BYTES) return undefined;
    const fault = this.#readHead(this.#begun, 0);
    if (fault !== undefined) return fault;
    if (!this.#consumer.takes(this.#head)) return this.#hold(bytes, at, to);
    if (this.#head.type === FrameType.data) {
      this.#forget();
      return this.#beginData(bytes);
    }
    const length = FRAME_HEAD_BYTES + this.#head.length;
    at = this.#copy(bytes, at, to, length);
    this.#next = at;
    if (this.#begunBytes < length) return undefined;
    const whole = this.#begun;
    this.#forget();
    return this.#consumer.onFrame(this.#head, whole, FRAME_HEAD_BYTES, length);
  }

  /** Copies until `wanted` bytes are there, or there are no more. Returns the index behind them. */
  #copy(bytes: Buffer, from: number, to: number, wanted: number): number {
    const count = Math.min(wanted - this.#begunBytes, to - from);
    if (count <= 0) return from;
    this.#grow(wanted);
    bytes.copy(this.#begun, this.#begunBytes, from, from + count);
    this.#begunBytes += count;
    return from + count;
  }

  #grow(size: number): void {
    if (this.#begun.length >= size) return;
    const larger = Buffer.allocUnsafe(size);
    this.#begun.copy(larger, 0, 0, this.#begunBytes);
    this.#begun = larger;
  }

  #forget(): void {
    this.#begun = NOTHING;
    this.#begunBytes = 0;
  }

  #readHead(bytes: Buffer, at: number): Http2Fault | undefined {
    const head = this.#head;
    head.length =
      ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);
    head.type = bytes[at + 3] as number;
    head.flags = bytes[at + 4] as number;
    head.stream = uint31At(bytes, at + 5);
    return head.length > FRAME_BYTES_MAX ? FAULTS["h2-frame-size"] : undefined;
  }

  #beginData(bytes: Buffer): Http2Fault | undefined {
    const { length, flags } = this.#head;
    if ((flags & FrameFlag.padded) !== 0) {
      this.#isPadDue = true;
      return length === 0 ? FAULTS["h2-frame-size"] : undefined;
    }
    return this.#beginBody(bytes, this.#next, length, 0);
  }

  /** `padding`: what the frame has besides its body. */
  #beginBody(bytes: Buffer, at: number, body: number, padding: number): Http2Fault | undefined {
    this.#bodyLeft = body;
    this.#paddingLeft = padding === 0 ? 0 : padding - 1;
    const fault = this.#consumer.onDataHead(this.#head, padding);
    if (fault === undefined && body === 0) this.#consumer.onData(bytes, at, at, true);
    return fault;
  }

  #readData(bytes: Buffer, from: number, to: number): Http2Fault | undefined {
    if (this.#isPadDue) return this.#readPadLength(bytes, from);
    const body = Math.min(this.#bodyLeft, to - from);
    const padding = Math.min(this.#paddingLeft, to - from - body);
    this.#bodyLeft -= body;
    this.#paddingLeft -= padding;
    this.#next = from + body + padding;
    if (body > 0) this.#consumer.onData(bytes, from, from + body, this.#bodyLeft === 0);
    return undefined;
  }

  /** RFC 9113 section 6.1: it leaves something over for a body, if only nothing. */
  #readPadLength(bytes: Buffer, at: number): Http2Fault | undefined {
    const padding = 1 + (bytes[at] as number);
    this.#isPadDue = false;
    this.#next = at + 1;
    const { length } = this.#head;
    if (padding > length) return FAULTS["h2-padding-invalid"];
    return this.#beginBody(bytes, this.#next, length - padding, padding);
  }

  /** Puts all that is left aside. Its source is paused, so that it is one read at most. */
  #hold(bytes: Buffer, from: number, to: number): undefined {
    this.isHeld = true;
    this.#next = to;
    this.#copy(bytes, from, to, this.#begunBytes + to - from);
    return undefined;
  }
}
