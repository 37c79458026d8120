import type { Counts } from "./second.ts";

/** How much of what was recent is so a second later: about the last five seconds count. */
const RECENT_KEPT = 0.8;

/** Requests that the long past weighs as much as, against the recent ones. */
const LONG_PAST_REQUESTS = 100;

/** Half a failure in 500 requests: what is thought of stable before anything is known. */
export const STABLE_PRIOR: Counts = { requests: 500, failures: 0.5 };

/** Stable's error rate as its past tells it: what bets on the next second are made with. */
export class StableRate {
  #all: Counts = { requests: 0, failures: 0 };
  #recent: Counts = { requests: 0, failures: 0 };

  /** Everything so far. */
  get total(): Counts {
    return this.#all;
  }

  /** The rate, above 0: mostly that of the last seconds if they had enough requests. */
  get rate(): number {
    const { requests, failures } = this.#all;
    const long = (failures + STABLE_PRIOR.failures) / (requests + STABLE_PRIOR.requests);
    const recent = this.#recent;
    return (recent.failures + LONG_PAST_REQUESTS * long) / (recent.requests + LONG_PAST_REQUESTS);
  }

  /** One second more. */
  add({ requests, failures }: Counts): void {
    const all = this.#all;
    const recent = this.#recent;
    this.#all = { requests: all.requests + requests, failures: all.failures + failures };
    this.#recent = {
      requests: recent.requests * RECENT_KEPT + requests,
      failures: recent.failures * RECENT_KEPT + failures,
    };
  }

  /** A copy that goes its own way from here. */
  clone(): StableRate {
    const copy = new StableRate();
    copy.#all = this.#all;
    copy.#recent = this.#recent;
    return copy;
  }
}
