import type { Clock } from "../../proxy/base/clock.ts";

/** One timer for many: rings at the earliest of the times that it was set to. */
export class Alarm {
  readonly #clock: Clock;
  readonly #ring: () => void;
  #isStopped = false;
  #waiting = new AbortController();
  #dueMs = Infinity;

  /** `ring` is called once for each time that is reached, and may set it again. Must not throw. */
  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** Rings at this time, in the clock's nowMs, unless it would before. Infinity: never. */
  set(dueMs: number): void {
    if (dueMs >= this.#dueMs || this.#isStopped) return;
    this.#waiting.abort();
    this.#waiting = new AbortController();
    this.#dueMs = dueMs;
    const ring = (): void => {
      this.#dueMs = Infinity;
      this.#ring();
    };
    const waitMs = Math.max(0, dueMs - this.#clock.nowMs());
    this.#clock.sleep(waitMs, this.#waiting.signal).then(ring, () => undefined);
  }

  /** Rings no more. */
  stop(): void {
    this.#isStopped = true;
    this.#waiting.abort();
  }
}
