import { connect } from "node:net";
import type { Socket } from "node:net";
import { getSystemErrorName } from "node:util";
import { latin1 } from "../base/latin1.ts";
import type { ReadBuffers } from "./read-buffers.ts";
import { streamHandles, takeHandle } from "./stream-handles.ts";
import type { StreamHandle, WriteResult } from "./stream-handles.ts";
import { TEXT_BYTES_MAX } from "./transport.ts";
import type { ConnectionHandle } from "../base/connection-handle.ts";
import type { ConnectTarget, Transport, TransportHandler } from "./transport.ts";

/** libuv's UV_EOF, on every system. */
const END_OF_FILE = -4095;

/** Empty where streamHandles is not there; then nobody makes a HandleTransport. */
const { streamBaseState, kReadBytesOrError, kLastWriteErr, ShutdownWrap } =
  streamHandles ?? ({} as NonNullable<typeof streamHandles>);

type Owned = StreamHandle & { transport?: HandleTransport | undefined };

/**
 * A transport straight on Node's own streams: a read or write that the kernel answers at once
 * allocates nothing, and a connection is one small object beside Node's.
 */
export class HandleTransport implements Transport {
  handler: TransportHandler;
  readonly #buffers: ReadBuffers;
  /** Where the next reads go to, from the end of the one under way. */
  #buffer: Buffer;
  /** Where they go to now. The system writes into it: never given back while it is here. */
  #readsInto: Buffer;
  /** undefined: connecting, or closed. */
  #handle: Owned | undefined;
  /** What makes the connection. undefined: it stands, or never will. */
  #dialling: Socket | undefined;
  #error: Error | undefined;
  /** Text that waits for the end of this turn; see WriteBatch. */
  #held = "";
  /** Writes under way. */
  #writes = 0;
  #inRead = false;
  #paused = false;
  #ended = false;
  /** Our FIN: asked for, out. */
  #ending = false;
  #finished = false;

  /** Takes over a connection that stands. */
  static accept(
    handle: StreamHandle,
    buffers: ReadBuffers,
    handler: TransportHandler,
  ): HandleTransport {
    const transport = new HandleTransport(buffers, handler);
    transport.#take(handle);
    return transport;
  }

  /** Opens a connection; onConnect or onClose follows. */
  static connect(
    target: ConnectTarget,
    buffers: ReadBuffers,
    handler: TransportHandler,
  ): HandleTransport {
    const transport = new HandleTransport(buffers, handler);
    transport.#dial(connect({ ...target, allowHalfOpen: true, noDelay: true }));
    return transport;
  }

  private constructor(buffers: ReadBuffers, handler: TransportHandler) {
    this.#buffers = buffers;
    this.#buffer = buffers.shared;
    this.#readsInto = buffers.shared;
    this.handler = handler;
  }

  get blocked(): boolean {
    return this.#writes > 0;
  }

  get closed(): boolean {
    return this.#handle === undefined && this.#dialling === undefined;
  }

  get ended(): boolean {
    return this.#ended;
  }

  get whole(): boolean {
    return this.#handle !== undefined && !this.#ended && !this.#ending;
  }

  get detachable(): boolean {
    return this.whole && !this.blocked && this.#held === "";
  }

  write(text: string): void {
    if (this.#handle === undefined) return;
    const { writes } = this.#buffers;
    if (this.#held === "" && !writes.waits) {
      return this.#wrote(this.#handle.writeLatin1String(null, text));
    }
    if (this.#held === "") writes.add(this);
    else if (this.#held.length + text.length > TEXT_BYTES_MAX) this.flush();
    this.#held += text;
    return undefined;
  }

  /** Sends what waits for the end of this turn. */
  flush(): void {
    const text = this.#held;
    this.#held = "";
    if (text === "" || this.#handle === undefined) return;
    this.#wrote(this.#handle.writeLatin1String(null, text));
  }

  relay(source: Transport, head: string, bytes: Buffer, start: number, end: number): void {
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
    const chunks = [head, "latin1", chunk, "buffer"];
    return this.#wrote(handle.writev(null, chunks, false), chunks);
  }

  keep(bytes: Buffer, start: number, end: number): Buffer {
    if (bytes === this.#buffer && bytes !== this.#buffers.shared) return bytes.subarray(start, end);
    if (this.#buffer === this.#buffers.shared) this.#buffer = this.#buffers.borrow();
    bytes.copy(this.#buffer, 0, start, end);
    return this.#buffer.subarray(0, end - start);
  }

  /**
   * The own buffer is used again only when this is called from onData: outside of it the system
   * still holds it for its next read, and it is left to the collector.
   */
  releaseBuffer(taken: boolean): void {
    if (this.#buffer === this.#buffers.shared) return;
    if (taken && this.#inRead) this.#buffers.giveBack(this.#buffer);
    this.#buffer = this.#buffers.shared;
  }

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#handle?.readStop();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (!this.#ended) this.#handle?.readStart();
  }

  end(): void {
    this.flush();
    if (this.#handle === undefined || this.#ending) return;
    this.#ending = true;
    const request = new ShutdownWrap();
    request.oncomplete = () => this.#finish();
    // ENOTCONN: the peer has gone in this very moment, and the next read will say so.
    if (this.#handle.shutdown(request) !== 0) this.#finish();
  }

  destroy(): void {
    this.flush();
    const handle = this.#release();
    handle?.close(() => this.handler.onClose(this.#error));
  }

  reset(): void {
    this.flush();
    const handle = this.#release();
    const onClose = (): void => this.handler.onClose(this.#error);
    // Unix sockets know no reset, and TCP none while a FIN is under way.
    if (handle !== undefined && handle.reset?.(onClose) !== 0) handle.close(onClose);
  }

  keepAlive(afterMs: number): void {
    this.#handle?.setKeepAlive?.(true, Math.ceil(afterMs / 1_000), undefined, undefined);
  }

  detach(): ConnectionHandle | undefined {
    this.flush();
    if (!this.detachable) return undefined;
    const handle = this.#release();
    handle?.readStop();
    return handle;
  }

  /**
   * Node's call for each read. `result`: how many bytes; 0: none; below that what went wrong, or
   * the end. Returns where to read into from now on. undefined: as before.
   */
  onRead(result: number): Uint8Array | undefined {
    if (result > 0) {
      this.#inRead = true;
      this.handler.onData(this.#readsInto, result);
      this.#inRead = false;
      if (this.#buffer === this.#readsInto) return undefined;
      this.#readsInto = this.#buffer;
      return this.#buffer;
    }
    if (result === END_OF_FILE) this.#endOfFile();
    else if (result < 0) this.#fail(result, "read");
    return undefined;
  }

  /** Waits for a socket to connect, and takes its handle. */
  #dial(socket: Socket): void {
    this.#dialling = socket;
    // It must not read by itself.
    socket.pause();
    socket.on("connect", () => {
      this.#dialling = undefined;
      this.#take(takeHandle(socket) as StreamHandle);
      this.handler.onConnect();
    });
    socket.on("error", (error) => {
      this.#error = error;
    });
    socket.on("close", () => {
      this.#dialling = undefined;
      this.handler.onClose(this.#error);
    });
  }

  #take(handle: Owned): void {
    this.#handle = handle;
    handle.transport = this;
    handle.onread = onRead;
    handle.useUserBuffer(this.#buffer);
    if (!this.#paused) handle.readStart();
  }

  /** From now on it is closed. Returns what is to be closed. */
  #release(): StreamHandle | undefined {
    const dialling = this.#dialling;
    const handle = this.#handle;
    this.#dialling = undefined;
    this.#handle = undefined;
    dialling?.destroy();
    if (handle !== undefined) handle.transport = undefined;
    return handle;
  }

  #endOfFile(): void {
    this.#ended = true;
    this.handler.onEnd();
    if (this.#finished) this.destroy();
  }

  #finish(): void {
    this.#finished = true;
    if (this.#ended) this.destroy();
  }

  /** `data` is kept until it is out. */
  #wrote(result: WriteResult, data?: unknown): void {
    if (result === 0) return;
    if (typeof result === "number") return this.#fail(result, "write");
    const error = streamBaseState[kLastWriteErr] as number;
    if (error !== 0) return this.#fail(error, "write");
    this.#writes += 1;
    result.buffer = data;
    result.oncomplete = (status) => this.#written(status);
    if (result.writeStatus !== null) this.#written(result.writeStatus);
    return undefined;
  }

  #written(status: number): void {
    this.#writes -= 1;
    if (this.#handle === undefined) return;
    if (status < 0) this.#fail(status, "write");
    else if (this.#writes === 0) this.handler.onFlushed();
  }

  #fail(errno: number, syscall: string): void {
    const code = getSystemErrorName(errno);
    this.#error ??= Object.assign(new Error(`${syscall} ${code}`), { code, errno, syscall });
    this.destroy();
  }
}

/** One function for all handles. */
function onRead(this: Owned): Uint8Array | undefined {
  return this.transport?.onRead(streamBaseState[kReadBytesOrError] as number);
}
