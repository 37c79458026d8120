/**
 * Bytes of bodies that one worker buffers at once, beyond which bodies stream: thousands of forms
 * and pages, and little beside what a worker takes anyway. Those that are under way may each exceed
 * it by one read.
 */
const BUFFERED_BYTES_MAX = 64 * 1024 * 1024;

/** What all exchanges of a worker buffer together. */
export class BufferBudget {
  readonly #max: number;
  /** Bytes in use. */
  used = 0;

  constructor(max: number = BUFFERED_BYTES_MAX) {
    this.#max = max;
  }

  /** More may be buffered. */
  get hasRoom(): boolean {
    return this.used < this.#max;
  }

  /** So many bytes more are in use. */
  use(bytes: number): void {
    this.used += bytes;
  }

  /** They are free again. */
  give(bytes: number): void {
    this.used -= bytes;
  }
}
