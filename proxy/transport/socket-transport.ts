import type { Socket } from "node:net";
import { latin1 } from "../base/latin1.ts";
import type { WriteParts } from "../base/write-parts.ts";
import { TEXT_BYTES_MAX } from "./transport.ts";
import type { ByteSource, PartsWriter, TransportHandler, WireTransport } from "./transport.ts";

/**
 * A transport on the documented parts of a net.Socket, for a Node whose streams we do not know: it
 * is slower, its connections stay in their process, and a failed write loses what was not yet read.
 */
export class SocketTransport implements WireTransport, PartsWriter {
  handler: TransportHandler;
  readonly #socket: Socket;
  #error: Error | undefined;
  #waitsForFlush = false;
  readonly #flushed = (): void => {
    this.#waitsForFlush = false;
    if (!this.closed) this.handler.onFlushed();
  };

  /**
   * `socket`: connected or connecting, with `allowHalfOpen`, and not used by anybody else.
   * `connected`: the event after which it can be used.
   */
  constructor(socket: Socket, handler: TransportHandler, connected = "connect") {
    this.#socket = socket;
    this.handler = handler;
    socket.on(connected, () => this.onConnected());
    socket.on("data", (bytes: Buffer) => this.handler.onData(bytes, bytes.length));
    socket.on("end", () => this.handler.onEnd());
    socket.on("error", (error) => {
      this.#error = error;
    });
    socket.on("close", () => this.handler.onClose(this.#error));
  }

  /** It can be used from now on. */
  protected onConnected(): void {
    this.handler.onConnect();
  }

  get blocked(): boolean {
    return this.#waitsForFlush;
  }

  get closed(): boolean {
    return this.#socket.destroyed;
  }

  get ended(): boolean {
    return this.#socket.readableEnded;
  }

  get whole(): boolean {
    const { destroyed, writableEnded, readableEnded, connecting } = this.#socket;
    return !destroyed && !writableEnded && !readableEnded && !connecting;
  }

  readonly staysHere: boolean = false;
  readonly writer = this;
  readonly detachable = false;
  readonly lost = false;
  readonly endIsProven: boolean = true;

  write(text: string): void {
    this.#socket.write(text, "latin1");
    this.#watchFlush();
  }

  writeParts(parts: WriteParts): void {
    this.#socket.cork();
    for (let at = 0; at < parts.length; at += 2) {
      const part = parts[at] ?? "";
      if (typeof part === "string") this.#socket.write(part, "latin1");
      else this.#socket.write(part);
    }
    this.#socket.uncork();
    this.#watchFlush();
  }

  flush(): void {
    // Nothing waits.
  }

  relay(source: ByteSource, head: string, bytes: Buffer, start: number, end: number): void {
    if (end - start + head.length <= TEXT_BYTES_MAX) {
      return this.write(head + latin1(bytes, start, end));
    }
    return this.writeParts([head, "latin1", source.keep(bytes, start, end), "buffer"]);
  }

  /** Nobody else uses what a `data` event brings. */
  keep(bytes: Buffer, start: number, end: number): Buffer {
    return bytes.subarray(start, end);
  }

  releaseBuffer(): void {
    // It has none.
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  reset(): void {
    // Unix sockets have no reset: Node throws there. They have no remote address either.
    if (this.#socket.remoteAddress === undefined) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
  }

  keepAlive(afterMs: number): void {
    this.#socket.setKeepAlive(true, afterMs);
  }

  detach(): undefined {
    return undefined;
  }

  #watchFlush(): void {
    if (this.#waitsForFlush || this.#socket.writableLength === 0 || this.closed) return;
    this.#waitsForFlush = true;
    // An empty write calls back after all that was written before it; it costs only when blocked.
    this.#socket.write("", "latin1", this.#flushed);
  }
}
