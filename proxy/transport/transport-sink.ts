import { partsBytes, partsText } from "../base/write-parts.ts";
import type { WriteParts } from "../base/write-parts.ts";
import { TEXT_BYTES_MAX } from "./transport.ts";
import type { WireTransport } from "./transport.ts";
import type { Flushable, WriteBatch } from "./write-batch.ts";

/**
 * Where the frames of a multiplexed connection go: what is written within a turn leaves together at
 * its end, when `flush` is called.
 */
export class TransportSink implements Flushable {
  readonly #transport: WireTransport;
  readonly #batch: WriteBatch;
  readonly #flush: () => void;

  constructor(transport: WireTransport, batch: WriteBatch, flush: () => void) {
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

  /** Sends text and chunks in their order, see PartsWriter; little of it as one text. */
  writeParts(parts: WriteParts): void {
    if (partsBytes(parts) > TEXT_BYTES_MAX) this.#transport.writer.writeParts(parts);
    else this.#transport.write(partsText(parts));
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
