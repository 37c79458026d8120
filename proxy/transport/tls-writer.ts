import { latin1 } from "../base/latin1.ts";
import { partsText } from "../base/write-parts.ts";
import type { WriteParts } from "../base/write-parts.ts";
import type { WriteOwner } from "./handle-writer.ts";
import { streamHandles } from "./stream-handles.ts";
import type { StreamHandle, WriteResult } from "./stream-handles.ts";
import type { TlsHandle } from "./tls-handles.ts";
import { TEXT_BYTES_MAX } from "./transport.ts";
import type { ByteSource, PartsWriter } from "./transport.ts";
import type { Flushable, WriteBatch } from "./write-batch.ts";

/** Empty without streamHandles; then no TlsWriter is made. */
const { streamBaseState, kLastWriteErr, ShutdownWrap } =
  streamHandles ?? ({} as NonNullable<typeof streamHandles>);

/** As in HandleWriter: the error of a write after a FIN and a reset. */
const BROKEN_PIPE = -32;

/** How much text may wait behind a write before its producer must stop. */
const HELD_TEXT_MAX = 64 * 1024;

type Request = Exclude<WriteResult, number>;

/**
 * Writes to a TLSWrap. A write is never complete at once there, even if the kernel has taken all of
 * it: it completes before the next turn. A second write before that would end the process, so
 * whatever is written meanwhile waits and goes out in one piece. OpenSSL copies, so chunks need not
 * stay where they are.
 */
export class TlsWriter implements Flushable, PartsWriter {
  readonly #batch: WriteBatch;
  readonly #owner: WriteOwner;
  /** undefined: what is written is dropped, silently. */
  #tls: TlsHandle | undefined;
  /** Text that waits for the end of this turn, or of the current write. */
  #held = "";
  /** The last write. We ask whether it is complete; it calls back only if something waits. */
  #request: Request | undefined;
  #below: { readonly writeQueueSize: number } = { writeQueueSize: 0 };
  #isBlocked = false;
  /** close_notify and FIN were requested; they go out after what waits. */
  ending = false;
  /** They have gone out. */
  ended = false;
  /** A write has failed: see HandleWriter.failed. */
  failed = false;
  /** See HandleWriter.wasReset. */
  wasReset = false;

  constructor(batch: WriteBatch, owner: WriteOwner) {
    this.#batch = batch;
    this.#owner = owner;
  }

  /** Begins. */
  open(tls: TlsHandle, below: StreamHandle): void {
    this.#tls = tls;
    this.#below = below as StreamHandle & { readonly writeQueueSize: number };
  }

  /** Ends: nothing more is written or reported. */
  close(): void {
    this.#tls = undefined;
  }

  /** More can be written, and no write has failed. */
  get whole(): boolean {
    return !this.ending && !this.failed;
  }

  /** The peer must take something first, or will never get it. */
  get blocked(): boolean {
    return this.#isBlocked || this.failed;
  }

  /** See Transport.write(). */
  write(text: string): void {
    const tls = this.#tls;
    if (tls === undefined || text === "") return;
    if (this.#isWriting) return this.#holdBehindWrite(text);
    if (this.#held === "" && !this.#batch.waits) {
      return this.#wrote(tls.writeLatin1String(null, text));
    }
    if (this.#held === "") this.#batch.add(this);
    else if (this.#held.length + text.length > TEXT_BYTES_MAX) this.flush();
    this.#held += text;
    return undefined;
  }

  /** Sends what is held back, now or after the current write. */
  flush(): void {
    const tls = this.#tls;
    if (tls === undefined || this.#held === "") return;
    if (this.#isWriting) return this.#awaitWrite();
    const text = this.#held;
    this.#held = "";
    this.#wrote(tls.writeLatin1String(null, text));
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
    const tls = this.#tls;
    if (tls === undefined) return;
    if (this.#isWriting) this.#holdBehindWrite(head + latin1(bytes, start, end));
    else this.#wrote(writeBulk(tls, head, bytes.subarray(start, end)));
    // One chunk per turn: more would have to be copied.
    this.#block();
    source.releaseBuffer(true);
  }

  /** See PartsWriter.writeParts(). */
  writeParts(parts: WriteParts): void {
    this.flush();
    const tls = this.#tls;
    if (tls === undefined) return;
    if (this.#isWriting) this.#holdBehindWrite(partsText(parts));
    else this.#wrote(tls.writev(null, parts, false));
    this.#block();
  }

  /** Sends what is held back, then close_notify and FIN. */
  end(): void {
    if (this.#tls === undefined || this.ending) return;
    this.ending = true;
    this.flush();
    this.#endWhenWritten();
  }

  /** Whether the last write is not complete yet. */
  get #isWriting(): boolean {
    const request = this.#request;
    if (request === undefined) return false;
    if (request.writeStatus === null) return true;
    this.#request = undefined;
    if (request.writeStatus < 0) this.#failed(request.writeStatus);
    return false;
  }

  #holdBehindWrite(text: string): void {
    this.#held += text;
    if (this.#held.length > HELD_TEXT_MAX) this.#block();
    else this.#awaitWrite();
  }

  #block(): void {
    this.#isBlocked = this.#request !== undefined;
    this.#awaitWrite();
  }

  /** Has the current write call back when it is complete. */
  #awaitWrite(): void {
    const request = this.#request;
    if (request === undefined || request.oncomplete !== null) return;
    request.oncomplete = (status) => this.#written(status);
  }

  #wrote(result: WriteResult): void {
    if (result === 0) return;
    if (typeof result === "number") return this.#failed(result);
    const error = streamBaseState[kLastWriteErr] as number;
    if (error !== 0) return this.#failed(error);
    this.#request = result;
    // The kernel has not taken all of it yet.
    if (this.#isWriting && this.#below.writeQueueSize > 0) this.#block();
    return undefined;
  }

  #written(status: number): void {
    this.#request = undefined;
    if (this.#tls === undefined) return;
    if (status < 0) return this.#failed(status);
    const wasBlocked = this.#isBlocked;
    this.#isBlocked = false;
    this.flush();
    if (this.ending) this.#endWhenWritten();
    if (wasBlocked && !this.blocked) this.#owner.onWritten();
    return undefined;
  }

  #endWhenWritten(): void {
    if (this.#isWriting) return this.#awaitWrite();
    const tls = this.#tls;
    if (tls === undefined) return;
    const request = new ShutdownWrap();
    request.oncomplete = () => this.#ended();
    // ENOTCONN: the peer has just gone, which the next read will report.
    if (tls.shutdown(request) !== 0) this.#ended();
    return undefined;
  }

  #ended(): void {
    this.ended = true;
    if (this.#tls !== undefined) this.#owner.onWriteEnded();
  }

  #failed(errno: number): void {
    if (this.failed) return;
    this.failed = true;
    this.wasReset = errno !== BROKEN_PIPE;
    this.#held = "";
    this.#tls = undefined;
    this.#owner.onWriteFailed(errno);
  }
}

function writeBulk(tls: TlsHandle, head: string, chunk: Buffer): WriteResult {
  return head === ""
    ? tls.writeBuffer(null, chunk)
    : tls.writev(null, [head, "latin1", chunk, "buffer"], false);
}
