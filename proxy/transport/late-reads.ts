/**
 * What was decrypted after the reader had paused, since one read from the kernel may become
 * several. It is never more than one read brings.
 */
export class LateReads {
  #chunks: Buffer[] = [];
  /** Whether the peer's end comes after them. */
  hasEnd = false;

  /** Whether nothing waits, not even the end. */
  get isEmpty(): boolean {
    return this.#chunks.length === 0 && !this.hasEnd;
  }

  /** Adds a copy of bytes[0, end). */
  add(bytes: Buffer, end: number): void {
    this.#chunks.push(Buffer.from(bytes.subarray(0, end)));
  }

  /** Takes the oldest one. undefined: there is none. */
  next(): Buffer | undefined {
    return this.#chunks.shift();
  }

  /** Forgets everything. */
  clear(): void {
    this.#chunks = [];
    this.hasEnd = false;
  }
}
