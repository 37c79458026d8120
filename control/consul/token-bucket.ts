import type { Clock } from "../../proxy/base/clock.ts";

/** A rate limit that allows short bursts: `burst` tokens at most, one more every `refillMs`. */
export class TokenBucket {
  readonly #burst: number;
  readonly #refillMs: number;
  readonly #clock: Clock;
  /** May be negative, for tokens that are promised to waiting callers. */
  #tokens: number;
  #filledMs: number;

  constructor(limit: { readonly burst: number; readonly refillMs: number }, clock: Clock) {
    this.#burst = limit.burst;
    this.#refillMs = limit.refillMs;
    this.#clock = clock;
    this.#tokens = limit.burst;
    this.#filledMs = clock.nowMs();
  }

  /** Takes a token and returns the milliseconds until it may be used. 0: now. */
  takeMs(): number {
    const nowMs = this.#clock.nowMs();
    const refilled = this.#tokens + (nowMs - this.#filledMs) / this.#refillMs;
    this.#filledMs = nowMs;
    this.#tokens = Math.min(this.#burst, refilled) - 1;
    return Math.max(0, -this.#tokens * this.#refillMs);
  }
}
