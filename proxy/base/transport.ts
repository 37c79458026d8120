import { Socket, connect } from "node:net";
import { latin1 } from "./latin1.ts";
import type { ReadBuffers } from "./read-buffers.ts";

/**
 * Text up to this size is copied by Node on its way to the kernel (StreamBase::WriteString keeps
 * 16 KiB on its stack), so the bytes it was made of may be overwritten at once.
 */
export const TEXT_BYTES_MAX = 16 * 1024;

/** Where an outgoing connection goes. */
export type ConnectTarget =
  | { readonly host: string; readonly port: number }
  | { readonly path: string };

/** What a transport tells its owner. Every call but onClose may be followed by others. */
export interface TransportHandler {
  /** An outgoing connection stands. */
  onConnect(): void;
  /** `bytes[0, end)` arrived. They are overwritten by the next read: use or copy them now. */
  onData(bytes: Buffer, end: number): void;
  /** The peer sends no more (FIN). */
  onEnd(): void;
  /** Everything written has been taken by the kernel, after `blocked` was true. */
  onFlushed(): void;
  /** The socket is gone; the last call. `error`: undefined after an orderly end. */
  onClose(error: Error | undefined): void;
}

/** A socket of node's own below net.Socket; it can be sent to another process. Undocumented. */
export type NativeHandle = { readStop(): number; close(): void };

/** The undocumented half of an accepted socket: see Transport.accept. */
type WithHandle = { _handle: NativeHandle | null };

/**
 * A socket read through fixed buffers (the `onread` option of net.Socket): no allocation a read.
 * Both sides of every exchange are one.
 *
 * For accepted connections the listener must use `pauseOnConnect`; the native handle is then moved
 * into a Socket with `onread`. `handle` is not a documented option of net.Socket: this class is the
 * only place that relies on it, falls back to `data` events where it is missing, and
 * test/proxy/base/transport.test.ts says when that happens.
 */
export class Transport {
  readonly socket: Socket;
  readonly fixedBuffers: boolean;
  handler: TransportHandler;
  #buffers: ReadBuffers;
  #buffer: Buffer;
  #error: Error | undefined;
  #waitsForFlush = false;
  #closed = false;
  #inRead = false;
  #paused = false;
  readonly #flushed = (): void => {
    this.#waitsForFlush = false;
    if (!this.#closed) this.handler.onFlushed();
  };

  /** Takes over a connection that a `pauseOnConnect` server accepted, or that `detach` gave. */
  static accept(
    accepted: Socket | NativeHandle,
    buffers: ReadBuffers,
    handler: TransportHandler,
  ): Transport {
    const handle = accepted instanceof Socket ? takeHandle(accepted) : accepted;
    const open = (onread: OnRead): Socket =>
      handle === undefined ? (accepted as Socket) : socketOf(handle, onread);
    return new Transport(open, buffers, handler, handle !== undefined);
  }

  /** Opens a connection; onConnect or onClose follows, never before this returns. */
  static connect(
    target: ConnectTarget,
    buffers: ReadBuffers,
    handler: TransportHandler,
  ): Transport {
    const open = (onread: OnRead): Socket =>
      connect({ ...target, onread, allowHalfOpen: true, noDelay: true });
    const transport = new Transport(open, buffers, handler, true);
    transport.socket.on("connect", () => transport.handler.onConnect());
    return transport;
  }

  private constructor(
    open: (onread: OnRead) => Socket,
    buffers: ReadBuffers,
    handler: TransportHandler,
    fixedBuffers: boolean,
  ) {
    this.#buffers = buffers;
    this.#buffer = buffers.shared;
    this.handler = handler;
    const onread = {
      buffer: () => this.#buffer,
      callback: (length: number, buffer: Uint8Array): boolean => {
        this.#inRead = true;
        this.handler.onData(buffer as Buffer, length);
        this.#inRead = false;
        return true;
      },
    };
    this.socket = open(onread);
    this.fixedBuffers = fixedBuffers;
    this.#listen();
  }

  /** Bytes are waiting for the peer: stop producing until onFlushed. */
  get blocked(): boolean {
    return this.#waitsForFlush;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Open both ways. */
  get whole(): boolean {
    const { destroyed, writableEnded, readableEnded, connecting } = this.socket;
    return !this.#closed && !destroyed && !writableEnded && !readableEnded && !connecting;
  }

  /** `detach` would give the handle. */
  get detachable(): boolean {
    return this.whole && this.fixedBuffers && !this.blocked && this.socket.writableLength === 0;
  }

  /** Sends latin1 text, one write. */
  write(text: string): void {
    this.socket.write(text, "latin1");
    this.#watchFlush();
  }

  /**
   * Sends `head` and then `bytes[start, end)`, which `source` has read, in one write. Large chunks
   * are not copied again: the caller must pause `source` while this transport is blocked.
   */
  relay(source: Transport, head: string, bytes: Buffer, start: number, end: number): void {
    if (end - start + head.length <= TEXT_BYTES_MAX) {
      const text = latin1(bytes, start, end);
      this.socket.write(head === "" ? text : head + text, "latin1");
      if (!this.#waitsForFlush) source.releaseBuffer(true);
    } else if (head === "") {
      this.socket.write(source.#keep(bytes, start, end));
    } else {
      this.socket.cork();
      this.socket.write(head, "latin1");
      this.socket.write(source.#keep(bytes, start, end));
      this.socket.uncork();
    }
    this.#watchFlush();
  }

  /** Stops reading. */
  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.socket.pause();
  }

  /** Reads again. Costs nothing when it does: it is called after every exchange. */
  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.socket.resume();
  }

  /**
   * Bulk is over: back to the shared buffer. `taken`: all that was relayed has left it. The own
   * buffer is used again only when this is called from onData: outside of it the socket still holds
   * it for its next read, and it is left to the collector.
   */
  releaseBuffer(taken: boolean): void {
    if (this.#buffer === this.#buffers.shared) return;
    if (taken && this.#inRead) this.#buffers.giveBack(this.#buffer);
    this.#buffer = this.#buffers.shared;
  }

  /** Sends what was written, then FIN. Reading goes on. */
  end(): void {
    this.socket.end();
  }

  /** Closes at once; what was not taken by the kernel is lost. */
  destroy(): void {
    this.socket.destroy();
  }

  /** Closes with a reset: the peer must not take what it has for all there is. */
  reset(): void {
    // Unix sockets know no reset: Node throws there. They have no remote address either.
    if (this.socket.remoteAddress === undefined) this.socket.destroy();
    else this.socket.resetAndDestroy();
  }

  /**
   * Takes the connection out of this process's event loop, to be sent to another one; nothing is
   * called back any more. Unread bytes stay in the kernel. The caller closes the handle once it has
   * been sent. undefined: not now, because bytes are waiting to be written or an end is under way.
   */
  detach(): NativeHandle | undefined {
    if (!this.detachable) return undefined;
    this.socket.pause();
    const handle = takeHandle(this.socket);
    handle?.readStop();
    this.#closed = handle !== undefined;
    return handle;
  }

  /** The chunk in memory that stays as it is until the next read of this transport. */
  #keep(bytes: Buffer, start: number, end: number): Buffer {
    if (bytes === this.#buffer && bytes !== this.#buffers.shared) return bytes.subarray(start, end);
    if (this.#buffer === this.#buffers.shared && this.fixedBuffers) {
      this.#buffer = this.#buffers.borrow();
    }
    if (this.#buffer === this.#buffers.shared) return Buffer.from(bytes.subarray(start, end));
    bytes.copy(this.#buffer, 0, start, end);
    return this.#buffer.subarray(0, end - start);
  }

  #watchFlush(): void {
    if (this.#waitsForFlush || this.socket.writableLength === 0 || this.#closed) return;
    this.#waitsForFlush = true;
    // An empty write calls back after all that was written before it; it costs only when blocked.
    this.socket.write("", "latin1", this.#flushed);
  }

  #listen(): void {
    this.socket.on("end", () => {
      if (!this.#closed) this.handler.onEnd();
    });
    this.socket.on("error", (error) => {
      this.#error = error;
    });
    this.socket.on("close", () => this.#close());
    if (!this.fixedBuffers) {
      this.socket.on("data", (bytes: Buffer) => {
        this.handler.onData(bytes, bytes.length);
      });
    }
    // A paused accepted socket that has been moved starts reading by itself; the fallback does not.
    this.socket.resume();
  }

  #close(): void {
    // Detached: the socket is an empty shell, and its end is nobody's.
    if (this.#closed) return;
    this.#closed = true;
    this.handler.onClose(this.#error);
  }
}

type OnRead = {
  buffer: () => Buffer;
  callback: (length: number, buffer: Uint8Array) => boolean;
};

/** Takes the native handle out of a socket, which is empty then. undefined: it has none. */
function takeHandle(socket: Socket): NativeHandle | undefined {
  const inner = socket as unknown as WithHandle;
  const handle = inner._handle ?? undefined;
  inner._handle = null;
  return handle;
}

/** A socket that reads the connection below `handle` through fixed buffers. */
function socketOf(handle: NativeHandle, onread: OnRead): Socket {
  const options = { handle, onread, allowHalfOpen: true, readable: true, writable: true };
  return new Socket(options as object);
}
