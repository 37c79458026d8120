import type { Clock } from "../../proxy/base/clock.ts";

/** How often something may be told: `burst` times at once, and after those once in `everyMs`. */
export type TellingLimit = { readonly burst: number; readonly everyMs: number };

/** Bounds how often a fact that others can bring about goes into a log. */
export class ToldRate {
  readonly #limit: TellingLimit;
  readonly #clock: Clock;
  /** How many more may be told at `#filledMs`; it fills with time. */
  #left: number;
  #filledMs: number;
  #untold = 0;

  constructor(limit: TellingLimit, clock: Clock) {
    this.#limit = limit;
    this.#clock = clock;
    this.#left = limit.burst;
    this.#filledMs = clock.nowMs();
  }

  /**
   * Whether the next one may be told now: how many have been left out since the last one.
   * undefined: it is left out as well.
   */
  take(): number | undefined {
    const { burst, everyMs } = this.#limit;
    const nowMs = this.#clock.nowMs();
    this.#left = Math.min(this.#left + (nowMs - this.#filledMs) / everyMs, burst);
    this.#filledMs = nowMs;
    if (this.#left < 1) {
      this.#untold += 1;
      return undefined;
    }
    this.#left -= 1;
    const untold = this.#untold;
    this.#untold = 0;
    return untold;
  }
}
