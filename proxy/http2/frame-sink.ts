import type { WriteParts } from "../base/write-parts.ts";

/** Where a connection's frames go: a Transport with what surrounds it. */
export interface FrameSink {
  /** The peer has not taken all that was written: onFlushed() follows when it has. */
  readonly blocked: boolean;
  /** Sends latin1 text. */
  write(text: string): void;
  /**
   * Sends `[text, "latin1", chunk, "buffer", …]` in one write. Chunks stay unchanged until the peer
   * has taken them.
   */
  writeParts(parts: WriteParts): void;
  /** Calls flush() once at the end of this turn of the event loop. */
  flushLater(): void;
  /** Stops reading; what is read meanwhile is kept. */
  pause(): void;
  /** Reads again. */
  resume(): void;
  /** Sends what was written, then FIN. */
  end(): void;
}

/** The side that has read a chunk which a stream relays: see ByteSource. */
export interface BulkSource {
  /** The chunk in memory that stays as it is until the source reads again. */
  keep(bytes: Buffer, start: number, end: number): Buffer;
  /** No more bulk for now. `taken`: all that was relayed has left the source's memory. */
  releaseBuffer(taken: boolean): void;
}
