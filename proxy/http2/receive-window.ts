/** A window on its way to another process. */
export type ReceiveWindowState = { readonly left: number; readonly owed: number };

/**
 * What a peer may still send, on one stream or on all of them (RFC 9113 section 6.9), and what it
 * has to be given back.
 */
export class ReceiveWindow {
  /** Bytes that came and were not given back by giveBack(). */
  unused = 0;
  #left: number;
  /** Given back, but not announced. */
  #owed = 0;
  #size: number;

  /** `size`: what it starts with, and is filled up to. */
  constructor(size: number) {
    this.#size = size;
    this.#left = size;
  }

  /** What it is filled up to, in bytes. */
  get size(): number {
    return this.#size;
  }

  /** As one of this size at its start. */
  reset(size: number): void {
    this.unused = 0;
    this.#size = size;
    this.#left = size;
    this.#owed = 0;
  }

  /** It has so many bytes more from now on, of which the peer is told. */
  widen(bytes: number): void {
    this.#size += bytes;
    this.#left += bytes;
  }

  /** For another process. All that came must be used. */
  toState(): ReceiveWindowState {
    return { left: this.#left, owed: this.#owed };
  }

  /** Goes on with the window of another process, which may have had another size. */
  restore({ left }: ReceiveWindowState): void {
    this.#left = left;
    this.#owed = Math.max(0, this.#size - left);
  }

  /** `bytes` have come. false: more than was allowed. */
  take(bytes: number): boolean {
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    this.unused += bytes;
    return true;
  }

  /**
   * `bytes` of what came are used, and may come again. Returns how many the peer is to be told of
   * now; 0: not worth a frame yet.
   */
  giveBack(bytes: number): number {
    this.unused -= bytes;
    this.#owed += bytes;
    if (this.#owed * 2 < this.#size) return 0;
    const told = this.#owed;
    this.#left += told;
    this.#owed = 0;
    return told;
  }
}
