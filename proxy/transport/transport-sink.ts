import type { ByteSource, Transport } from "./transport.ts";
import type { Flushable, WriteBatch } from "./write-batch.ts";

/** Chunks that stay as they are until they are out: whoever gathered them has seen to that. */
const STAYING: ByteSource = {
  keep: (bytes, start, end) => bytes.subarray(start, end),
  releaseBuffer: () => undefined,
};

/**
 * Where the frames of a multiplexed connection go: what is written within a turn leaves together at
 * its end, when `flush` is called.
 */
export class TransportSink implements Flushable {
  readonly #transport: Transport;
  readonly #batch: WriteBatch;
  readonly #flush: () => void;

  constructor(transport: Transport, batch: WriteBatch, flush: () => void) {
    this.#transport = transport;
    this.#batch = batch;
    this.#flush = flush;
  }

  get blocked(): boolean {
    return this.#transport.blocked;
  }

  /** Sends latin1 text. */
  write(text: string): void {
    this.#transport.write(text);
  }

  /**
   * Sends text and chunks in their order, as `writev` of Node's streams has them: each is followed
   * by "latin1" or "buffer".
   */
  writeParts(parts: readonly (string | Buffer)[]): void {
    let text = "";
    for (let at = 0; at < parts.length; at += 2) {
      const part = parts[at];
      if (typeof part === "string") {
        text += part;
      } else if (part !== undefined) {
        this.#transport.relay(STAYING, text, part, 0, part.length);
        text = "";
      }
    }
    if (text !== "") this.#transport.write(text);
  }

  /** Has `flush` called at the end of this turn. */
  flushLater(): void {
    this.#batch.add(this);
  }

  flush(): void {
    this.#flush();
    // What it has written just now need not wait for another turn's end.
    this.#transport.flush();
  }

  pause(): void {
    this.#transport.pause();
  }

  resume(): void {
    this.#transport.resume();
  }

  /** Sends what was written, then FIN. */
  end(): void {
    this.#transport.end();
  }
}
