/** The first byte of a prefix says no more than this: the message is compressed. */
const FLAG_MAX = 1;

/** Of a message: whether it is compressed, and its length in 4 bytes. */
const PREFIX_BYTES = 5;

/**
 * Where the messages of one direction of a call end, by their lengths alone (gRPC over HTTP2,
 * Length-Prefixed-Message).
 */
export class MessageEnds {
  /** Messages that have ended. */
  count = 0;
  #prefixBytes = 0;
  /** Of the message under way; while its prefix comes, what of that is known. */
  #left = 0;
  /** What comes are no messages, so that it has no ends. */
  #isLost = false;

  /** Before the first byte of a direction. */
  reset(): void {
    this.count = 0;
    this.#prefixBytes = 0;
    this.#left = 0;
    this.#isLost = false;
  }

  /** What has come so far ends with a message, or is nothing, or is none of gRPC. */
  get isBetween(): boolean {
    return this.#prefixBytes === 0;
  }

  /** bytes[start, end) follow. Returns the index behind the last end in them; -1: there is none. */
  pass(bytes: Uint8Array, start: number, end: number): number {
    let last = -1;
    if (this.#isLost) return last;
    for (let at = start; at < end;) {
      if (this.#prefixBytes < PREFIX_BYTES) {
        if (!this.#readPrefix(bytes[at] as number)) return last;
        at += 1;
      } else {
        const count = Math.min(this.#left, end - at);
        this.#left -= count;
        at += count;
      }
      if (this.#prefixBytes < PREFIX_BYTES || this.#left > 0) continue;
      this.#prefixBytes = 0;
      this.count += 1;
      last = at;
    }
    return last;
  }

  /** One byte of it. false: it is none. */
  #readPrefix(byte: number): boolean {
    this.#isLost = this.#prefixBytes === 0 && byte > FLAG_MAX;
    if (this.#isLost) return false;
    if (this.#prefixBytes > 0) this.#left = this.#left * 256 + byte;
    this.#prefixBytes += 1;
    return true;
  }
}
