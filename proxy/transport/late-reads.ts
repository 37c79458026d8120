/**
 * What was decrypted after its reader had paused: one read of the kernel's may become several. It
 * is at most as much as one read brings.
 */
export class LateReads {
  #chunks: Buffer[] = [];
  /** The peer's end is behind them. */
  hasEnd = false;

  /** Nothing waits, not even the end. */
  get isEmpty(): boolean {
    return this.#chunks.length === 0 && !this.hasEnd;
  }

  /** Keeps a copy of bytes[0, end). */
  add(bytes: Buffer, end: number): void {
    this.#chunks.push(Buffer.from(bytes.subarray(0, end)));
  }

  /** The oldest, in memory of its own. undefined: there is none. */
  next(): Buffer | undefined {
    return this.#chunks.shift();
  }

  /** Forgets everything. */
  clear(): void {
    this.#chunks = [];
    this.hasEnd = false;
  }
}
