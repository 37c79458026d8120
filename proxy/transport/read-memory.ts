import type { ReadBuffers } from "./read-buffers.ts";

/**
 * What one transport reads into: the memory that all share, or a buffer of its own if what it has
 * read must stay for a while.
 */
export class ReadMemory {
  readonly #buffers: ReadBuffers;
  /** Where the next reads go, after the one under way. */
  #next: Buffer;
  /** Where reads go now. The system writes into it, so it is never given back while it is here. */
  #current: Buffer;
  #inRead = false;

  constructor(buffers: ReadBuffers) {
    this.#buffers = buffers;
    this.#next = buffers.shared;
    this.#current = buffers.shared;
  }

  /** What is read into now. */
  get current(): Buffer {
    return this.#current;
  }

  /** Something was read, and is about to be used. Returns what it was read into. */
  beginRead(): Buffer {
    this.#inRead = true;
    return this.#current;
  }

  /** It has been used. Returns where to read into from now on. undefined: as before. */
  endRead(): Buffer | undefined {
    this.#inRead = false;
    if (this.#next === this.#current) return undefined;
    this.#current = this.#next;
    return this.#current;
  }

  /** See Transport.keep(). */
  keep(bytes: Buffer, start: number, end: number): Buffer {
    const { shared } = this.#buffers;
    if (bytes === this.#next && bytes !== shared) return bytes.subarray(start, end);
    if (this.#next === shared) this.#next = this.#buffers.borrow();
    bytes.copy(this.#next, 0, start, end);
    return this.#next.subarray(0, end - start);
  }

  /**
   * Back to the shared memory. The own buffer is used again only when this is called during a read,
   * and all of it is `taken`: outside of one the system still holds it for its next read, and it is
   * left to the collector.
   */
  release(taken: boolean): void {
    if (this.#next === this.#buffers.shared) return;
    if (taken && this.#inRead) this.#buffers.giveBack(this.#next);
    this.#next = this.#buffers.shared;
  }
}
