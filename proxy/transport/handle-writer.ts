import { latin1 } from "../base/latin1.ts";
import type { WriteParts } from "../base/write-parts.ts";
import { streamHandles } from "./stream-handles.ts";
import type { StreamHandle, WriteResult } from "./stream-handles.ts";
import { TEXT_BYTES_MAX } from "./transport.ts";
import type { ByteSource, PartsWriter } from "./transport.ts";
import type { Flushable, WriteBatch } from "./write-batch.ts";

/** Empty if there are no streamHandles; then nobody makes a HandleWriter. */
const { streamBaseState, kLastWriteErr, ShutdownWrap } =
  streamHandles ?? ({} as NonNullable<typeof streamHandles>);

/**
 * libuv's UV_EPIPE where Node runs, but for Windows: the error of a write behind a FIN and a reset.
 * Behind a reset alone it is another one.
 */
const BROKEN_PIPE = -32;

/** Hears what becomes of writes. */
export interface WriteOwner {
  /** The kernel, which had not taken everything at once, now has all of it. */
  onWritten(): void;
  /** The FIN that was asked for is out. */
  onWriteEnded(): void;
  /** One failed, and no more go out. `errno`: as libuv gives it, below 0. */
  onWriteFailed(errno: number): void;
}

/** What goes out through one of Node's streams: text that is held back, and writes under way. */
export class HandleWriter implements Flushable, PartsWriter {
  readonly #batch: WriteBatch;
  readonly #owner: WriteOwner;
  /** undefined: what is written goes nowhere, and nobody hears of it. */
  #handle: StreamHandle | undefined;
  /** Text that waits for the end of this turn; see WriteBatch. */
  #held = "";
  /** Writes under way. */
  #writes = 0;
  /** Our FIN has been requested. */
  ending = false;
  /** It is out. */
  ended = false;
  /** A write has failed: the peer takes nothing more, which says nothing of what it has sent. */
  failed = false;
  /** It has taken a reset from the kernel, where reading then shows an end that was none. */
  wasReset = false;

  constructor(batch: WriteBatch, owner: WriteOwner) {
    this.#batch = batch;
    this.#owner = owner;
  }

  /** Writes go out from now on. */
  open(handle: StreamHandle): void {
    this.#handle = handle;
  }

  /** No more writes, and no more news of those under way. */
  close(): void {
    this.#handle = undefined;
  }

  /** More can be written, and what was has got there or may still. */
  get whole(): boolean {
    return !this.ending && !this.failed;
  }

  /** Writes are under way, or never get there. */
  get blocked(): boolean {
    return this.#writes > 0 || this.failed;
  }

  /** The kernel has everything that was written. */
  get isEmpty(): boolean {
    return this.#writes === 0 && this.#held === "" && !this.failed;
  }

  /** See Transport.write(). */
  write(text: string): void {
    if (this.#handle === undefined) return;
    if (this.#held === "" && !this.#batch.waits) {
      return this.#wrote(this.#handle.writeLatin1String(null, text));
    }
    if (this.#held === "") this.#batch.add(this);
    else if (this.#held.length + text.length > TEXT_BYTES_MAX) this.flush();
    this.#held += text;
    return undefined;
  }

  /** Sends what is held back. */
  flush(): void {
    const text = this.#held;
    this.#held = "";
    if (text === "" || this.#handle === undefined) return;
    this.#wrote(this.#handle.writeLatin1String(null, text));
  }

  /** See Transport.relay(). */
  relay(source: ByteSource, head: string, bytes: Buffer, start: number, end: number): void {
    if (end - start + head.length <= TEXT_BYTES_MAX) {
      const text = latin1(bytes, start, end);
      this.write(head === "" ? text : head + text);
      if (!this.blocked) source.releaseBuffer(true);
      return;
    }
    this.flush();
    const handle = this.#handle;
    if (handle === undefined) return;
    const chunk = source.keep(bytes, start, end);
    if (head === "") return this.#wrote(handle.writeBuffer(null, chunk), chunk);
    return this.writeParts([head, "latin1", chunk, "buffer"]);
  }

  /** See PartsWriter.writeParts(). */
  writeParts(parts: WriteParts): void {
    this.flush();
    if (this.#handle !== undefined) this.#wrote(this.#handle.writev(null, parts, false), parts);
  }

  /** Sends what is held back, then FIN. */
  end(): void {
    this.flush();
    if (this.#handle === undefined || this.ending) return;
    this.ending = true;
    const request = new ShutdownWrap();
    request.oncomplete = () => this.#ended();
    // ENOTCONN: the peer has just gone, and the next read will say so.
    if (this.#handle.shutdown(request) !== 0) this.#ended();
  }

  #ended(): void {
    this.ended = true;
    this.#owner.onWriteEnded();
  }

  /** `data` is kept until it is out. */
  #wrote(result: WriteResult, data?: unknown): void {
    if (result === 0) return;
    if (typeof result === "number") return this.#failed(result);
    const error = streamBaseState[kLastWriteErr] as number;
    if (error !== 0) return this.#failed(error);
    this.#writes += 1;
    result.buffer = data;
    result.oncomplete = (status) => this.#written(status);
    if (result.writeStatus !== null) this.#written(result.writeStatus);
    return undefined;
  }

  #written(status: number): void {
    this.#writes -= 1;
    if (this.#handle === undefined) return;
    if (status < 0) this.#failed(status);
    else if (this.#writes === 0) this.#owner.onWritten();
  }

  #failed(errno: number): void {
    this.failed = true;
    this.wasReset = errno !== BROKEN_PIPE;
    this.#held = "";
    this.#handle = undefined;
    this.#owner.onWriteFailed(errno);
  }
}
