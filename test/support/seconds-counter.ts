import { monitorEventLoopDelay } from "node:perf_hooks";

/** How finely the loop's delay is measured. */
const RESOLUTION_MS = 5;

/**
 * Counts moments by the second, and knows how late this process saw them: what happened elsewhere
 * during one second is seen here within a second plus the longest stall of our own loop.
 */
export class SecondsCounter implements Disposable {
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #momentsMs: number[] = [];

  /** Starts measuring. */
  constructor() {
    this.#delay.enable();
  }

  /** Something was seen now. */
  add(): void {
    this.#momentsMs.push(performance.now());
  }

  get momentsMs(): readonly number[] {
    return this.#momentsMs;
  }

  /** The most that happened in any second. */
  get most(): number {
    let first = 0;
    return this.#momentsMs.reduce((most, moment, at) => {
      while (moment - (this.#momentsMs[first] as number) >= 1000) first += 1;
      return Math.max(most, at - first + 1);
    }, 0);
  }

  /** What `most` can be if no second had more than `limit`. */
  seenAs(limit: number): number {
    const stallMs = this.#delay.max / 1e6 - RESOLUTION_MS;
    return limit * (1 + Math.max(0, stallMs) / 1000);
  }

  [Symbol.dispose](): void {
    this.#delay.disable();
  }
}
