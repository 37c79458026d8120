import type { Counts } from "./second.ts";

/** How much of the recent counts is kept each second: about the last five seconds count. */
const RECENT_KEPT = 0.8;

/** How many recent requests the long past weighs as much as. */
const LONG_PAST_REQUESTS = 100;

/** The prior: half a failure in 500 requests, before anything is known of stable. */
export const STABLE_PRIOR: Counts = { requests: 500, failures: 0.5 };

/** All that it has come to: plain data. */
export type StableRateState = { readonly all: Counts; readonly recent: Counts };

/** Stable's error rate, estimated from its past: bets on the next second use it. */
export class StableRate {
  #all: Counts = { requests: 0, failures: 0 };
  #recent: Counts = { requests: 0, failures: 0 };

  /** One that goes on where another was. */
  static from({ all, recent }: StableRateState): StableRate {
    const rate = new StableRate();
    rate.#all = all;
    rate.#recent = recent;
    return rate;
  }

  get state(): StableRateState {
    return { all: this.#all, recent: this.#recent };
  }

  /** All requests so far. */
  get total(): Counts {
    return this.#all;
  }

  /** The estimate, above 0: mostly the rate of the last seconds if they had enough requests. */
  get rate(): number {
    const { requests, failures } = this.#all;
    const long = (failures + STABLE_PRIOR.failures) / (requests + STABLE_PRIOR.requests);
    const recent = this.#recent;
    return (recent.failures + LONG_PAST_REQUESTS * long) / (recent.requests + LONG_PAST_REQUESTS);
  }

  /** Adds a second. */
  add({ requests, failures }: Counts): void {
    const all = this.#all;
    const recent = this.#recent;
    this.#all = { requests: all.requests + requests, failures: all.failures + failures };
    this.#recent = {
      requests: recent.requests * RECENT_KEPT + requests,
      failures: recent.failures * RECENT_KEPT + failures,
    };
  }

  /** An independent copy. */
  clone(): StableRate {
    return StableRate.from(this.state);
  }
}
