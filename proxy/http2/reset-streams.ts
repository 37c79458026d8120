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

  /** The peer has reset it too: nothing more of it may come. */
  forget(id: number): void {
    const at = this.#ids?.indexOf(id) ?? -1;
    if (at >= 0) this.#ids?.fill(0, at, at + 1);
  }

  /** Whether it is remembered. */
  has(id: number): boolean {
    return this.#ids?.includes(id) ?? false;
  }

  /** For another process: the oldest first. */
  toState(): readonly number[] {
    if (this.#ids === undefined) return [];
    const [newer, older] = [this.#ids.slice(0, this.#next), this.#ids.slice(this.#next)];
    return [...older, ...newer].filter((id) => id !== 0);
  }

  /** Goes on with what another process has reset. */
  restore(ids: readonly number[]): void {
    for (const id of ids) this.add(id);
  }
}
