import { constants } from "node:os";
import { Dial } from "./dial.ts";
import type { DialOwner } from "./dial.ts";
import { HandleWriter } from "./handle-writer.ts";
import type { WriteOwner } from "./handle-writer.ts";
import type { ReadBuffers } from "./read-buffers.ts";
import { ReadMemory } from "./read-memory.ts";
import { streamHandles } from "./stream-handles.ts";
import { systemError } from "./system-error.ts";
import type { StreamHandle } from "./stream-handles.ts";
import type { ConnectionHandle } from "../base/connection-handle.ts";
import type { ByteSource, ConnectTarget, TransportHandler, WireTransport } from "./transport.ts";

/** libuv's UV_EOF, on every system. */
const END_OF_FILE = -4095;
/** libuv's UV_ENOTCONN on this system: the kernel has forgotten the peer. */
const NOT_CONNECTED = -constants.errno.ENOTCONN;

/** Empty if there are no streamHandles; then nobody makes a HandleTransport. */
const { streamBaseState, kReadBytesOrError } =
  streamHandles ?? ({} as NonNullable<typeof streamHandles>);

type Owned = StreamHandle & { transport?: HandleTransport | undefined };

/**
 * A transport straight on Node's own streams: a read or write that the kernel answers at once
 * allocates nothing, and a connection is a few small objects beside Node's.
 */
export class HandleTransport implements WireTransport, DialOwner, WriteOwner {
  handler: TransportHandler;
  readonly #memory: ReadMemory;
  readonly writer: HandleWriter;
  /** undefined: connecting, or closed. */
  #handle: Owned | undefined;
  /** What makes the connection. undefined: it is established, or never will be. */
  #dialling: Dial | undefined;
  #error: Error | undefined;
  #paused = false;
  #ended = false;
  readonly endIsProven = true;
  readonly staysHere = false;
  /** We have opened it, so its peer answers: what it has sent counts after a failed write too. */
  readonly #isOutgoing: boolean;

  /** Takes over an established connection. */
  static accept(
    handle: StreamHandle,
    buffers: ReadBuffers,
    handler: TransportHandler,
  ): HandleTransport {
    const transport = new HandleTransport(buffers, handler, false);
    transport.#take(handle);
    return transport;
  }

  /** Opens a connection; onConnect or onClose follows. */
  static connect(
    target: ConnectTarget,
    buffers: ReadBuffers,
    handler: TransportHandler,
  ): HandleTransport {
    const transport = new HandleTransport(buffers, handler, true);
    transport.#dialling = new Dial(target, transport);
    return transport;
  }

  private constructor(buffers: ReadBuffers, handler: TransportHandler, isOutgoing: boolean) {
    this.#isOutgoing = isOutgoing;
    this.#memory = new ReadMemory(buffers);
    this.writer = new HandleWriter(buffers.writes, this);
    this.handler = handler;
  }

  get blocked(): boolean {
    return this.writer.blocked;
  }

  get closed(): boolean {
    return this.#handle === undefined && this.#dialling === undefined;
  }

  get ended(): boolean {
    return this.#ended;
  }

  get whole(): boolean {
    return this.#handle !== undefined && !this.#ended && this.writer.whole;
  }

  get lost(): boolean {
    return this.#paused && this.#handle?.getpeername?.({}) === NOT_CONNECTED;
  }

  get detachable(): boolean {
    return this.whole && this.writer.isEmpty;
  }

  write(text: string): void {
    this.writer.write(text);
  }

  flush(): void {
    this.writer.flush();
  }

  relay(source: ByteSource, head: string, bytes: Buffer, start: number, end: number): void {
    this.writer.relay(source, head, bytes, start, end);
  }

  keep(bytes: Buffer, start: number, end: number): Buffer {
    return this.#memory.keep(bytes, start, end);
  }

  releaseBuffer(taken: boolean): void {
    this.#memory.release(taken);
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
    this.writer.end();
  }

  destroy(): void {
    this.flush();
    this.#release()?.close(() => this.handler.onClose(this.#error));
  }

  reset(): void {
    this.flush();
    const handle = this.#release();
    const onClose = (): void => this.handler.onClose(this.#error);
    // Unix sockets have no reset, and TCP has none while a FIN is under way.
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
   * Node's call for each read. `result`: how many bytes; 0: none; below 0: an error or the end.
   * Returns where to read into from now on. undefined: as before.
   */
  onRead(result: number): Uint8Array | undefined {
    if (result > 0) {
      this.handler.onData(this.#memory.beginRead(), result);
      return this.#memory.endRead();
    }
    if (result === END_OF_FILE) this.#endOfFile();
    else if (result < 0) {
      this.#error ??= systemError(result, "read");
      this.destroy();
    }
    return undefined;
  }

  onWritten(): void {
    this.handler.onFlushed();
  }

  onWriteEnded(): void {
    if (this.#ended) this.destroy();
  }

  /** What a peer has answered before it refused the rest waits in the kernel: it is read first. */
  onWriteFailed(errno: number): void {
    this.#error ??= systemError(errno, "write");
    if (!this.#isOutgoing) this.destroy();
  }

  onDialled(handle: StreamHandle): void {
    this.#dialling = undefined;
    this.#take(handle);
    this.handler.onConnect();
  }

  onDialFailed(error: Error | undefined): void {
    this.#dialling = undefined;
    this.handler.onClose(error);
  }

  #take(handle: Owned): void {
    this.#handle = handle;
    handle.transport = this;
    handle.onread = onRead;
    handle.useUserBuffer(this.#memory.current);
    this.writer.open(handle);
    if (!this.#paused) handle.readStart();
  }

  /** Marks it as closed. Returns what must be closed. */
  #release(): StreamHandle | undefined {
    const dialling = this.#dialling;
    const handle = this.#handle;
    this.#dialling = undefined;
    this.#handle = undefined;
    this.writer.close();
    dialling?.cancel();
    if (handle !== undefined) handle.transport = undefined;
    return handle;
  }

  #endOfFile(): void {
    this.#ended = true;
    if (!this.writer.wasReset) this.handler.onEnd();
    if (this.writer.ended || this.writer.failed) this.destroy();
  }
}

/** One function for all handles. */
function onRead(this: Owned): Uint8Array | undefined {
  return this.transport?.onRead(streamBaseState[kReadBytesOrError] as number);
}
