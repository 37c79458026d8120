import type { ConnectionHandle } from "../../../proxy/base/connection-handle.ts";
import type {
  ByteSource,
  Transport,
  TransportHandler,
} from "../../../proxy/transport/transport.ts";

const ignore = (): void => undefined;

const NOBODY: TransportHandler = {
  onConnect: ignore,
  onData: ignore,
  onEnd: ignore,
  onFlushed: ignore,
  onClose: ignore,
};

/**
 * A connection without a socket: keeps what is written and what is done to it, and is in whatever
 * state the test says. Its handler hears what the test tells it to.
 */
export class FakeTransport implements Transport {
  handler = NOBODY;
  blocked = false;
  closed = false;
  ended = false;
  endIsProven = true;
  whole = true;
  lost = false;
  detachable = true;
  staysHere = false;
  /** Everything that was written, as latin1. */
  text = "";
  /** `pause`, `resume`, `flush`, `end`, `destroy`, `reset`, `detach`, `probe MS`, in order. */
  readonly done: string[] = [];
  /** What detach() gives while it is `detachable`. */
  readonly handle: ConnectionHandle = { close: ignore };
  /** pause() was called after the last resume(). */
  paused = false;

  write(text: string): void {
    this.text += text;
  }

  relay(_source: ByteSource, head: string, bytes: Buffer, start: number, end: number): void {
    this.text += head + bytes.toString("latin1", start, end);
  }

  keep(bytes: Buffer, start: number, end: number): Buffer {
    return Buffer.from(bytes.subarray(start, end));
  }

  releaseBuffer(): void {
    // Its bytes are the test's own.
  }

  pause(): void {
    this.paused = true;
    this.done.push("pause");
  }

  resume(): void {
    this.paused = false;
    this.done.push("resume");
  }

  readonly flush = (): void => void this.done.push("flush");
  readonly end = (): void => void this.done.push("end");
  readonly destroy = (): void => void this.done.push("destroy");
  readonly reset = (): void => void this.done.push("reset");
  readonly keepAlive = (afterMs: number): void => void this.done.push(`probe ${afterMs}`);

  detach(): ConnectionHandle | undefined {
    if (!this.detachable) return undefined;
    this.done.push("detach");
    return this.handle;
  }

  /** The peer sends this. */
  receive(data: string | Buffer): void {
    const bytes = typeof data === "string" ? Buffer.from(data, "latin1") : data;
    this.handler.onData(bytes, bytes.length);
  }

  /** The peer takes everything that was written. */
  take(): void {
    this.blocked = false;
    this.handler.onFlushed();
  }
}
