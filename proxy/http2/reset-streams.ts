import { RESETS_REMEMBERED } from "./limits.ts";

/**
 * The streams that we have reset last. What the peer had sent on them before it knew is no offence
 * (RFC 9113 section 5.1); on all others that are closed it is.
 */
export class ResetStreams {
  /** undefined: nothing was reset yet, as on most connections. */
  #ids: Int32Array | undefined;
  #next = 0;

  /** Remembers one, in the place of the oldest. */
  add(id: number): void {
    this.#ids ??= new Int32Array(RESETS_REMEMBERED);
    this.#ids[this.#next] = id;
    this.#next = (this.#next + 1) % RESETS_REMEMBERED;
  }

  /** Whether it is remembered. */
  has(id: number): boolean {
    return this.#ids?.includes(id) ?? false;
  }
}
