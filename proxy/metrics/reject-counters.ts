/** Counts of refused messages by reason; reasons are a fixed set of the code, never a client's. */
export class RejectCounters {
  readonly #counts = new Map<string, number>();

  add(reason: string, times = 1): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + times);
  }

  /** Counts so far, by reason. */
  toRecord(): Record<string, number> {
    return Object.fromEntries(this.#counts);
  }
}
