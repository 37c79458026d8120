import type { Clock } from "./clock.ts";

/** How long one date is reused: its resolution is a second anyway. */
const KEPT_MS = 500;

/**
 * The Date field's value for now (IMF-fixdate, RFC 9110 5.6.7), formatted at most twice a second.
 */
export class HttpDate {
  readonly #clock: Clock;
  #text = "";
  #madeAtMs = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `nowMs`: monotonic time that the caller has at hand. */
  at(nowMs: number): string {
    if (nowMs - this.#madeAtMs >= KEPT_MS) {
      this.#text = new Date(this.#clock.wallMs()).toUTCString();
      this.#madeAtMs = nowMs;
    }
    return this.#text;
  }
}
