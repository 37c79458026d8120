import type { FailingClients } from "../metrics/failing-clients.ts";
import { SecondCounters } from "../metrics/second-counters.ts";
import type { CountedAttempt } from "../metrics/second-counters.ts";
import { NOTHING_COUNTED } from "../metrics/second-counters.ts";
import type { VersionSecondCounts } from "../metrics/second-counts.ts";

/** Seconds that are kept: whoever asks once a second may be late by some. */
const SECONDS_KEPT = 10;

/** How a first attempt has ended, and whose it was. */
export type EndedAttempt = CountedAttempt & {
  /** See FailingClients.failed(). */
  readonly connection: object;
  readonly key: number | undefined;
};

/** When something is observed. */
export interface ObservationTime {
  /** Monotonic milliseconds. */
  nowMs(): number;
  /** The second since the Unix epoch at a monotonic time. */
  secondAt(nowMs: number): number;
  /** The last second for which anybody has wanted the counts. */
  readonly wantedUntilS: number;
}

/** A version whose first attempts are counted by the second, for as long as somebody asks. */
export class ObservedVersion {
  readonly time: ObservationTime;
  readonly #failing: FailingClients;
  readonly #onUnwanted: () => void;
  readonly #seconds = Array.from({ length: SECONDS_KEPT }, () => new SecondCounters());

  /** `failing`: of all versions of the service. `onUnwanted`: nobody asks any more. */
  constructor(time: ObservationTime, failing: FailingClients, onUnwanted: () => void) {
    this.time = time;
    this.#failing = failing;
    this.#onUnwanted = onUnwanted;
  }

  /** A first attempt has ended at `nowMs`, monotonic. */
  add(attempt: EndedAttempt, nowMs: number): void {
    const { failed, connection, key } = attempt;
    const second = this.time.secondAt(nowMs);
    if (!failed && !this.#failing.isEmpty) this.#failing.succeeded(connection);
    const isOther = failed && this.#failing.failed(second, connection, key);
    this.#at(second).add(attempt, isOther);
  }

  /** What was counted in a second. */
  counts(second: number): VersionSecondCounts {
    const counters = this.#seconds[second % SECONDS_KEPT];
    return counters?.second === second ? counters.counts() : NOTHING_COUNTED;
  }

  #at(second: number): SecondCounters {
    const counters = this.#seconds[second % SECONDS_KEPT] as SecondCounters;
    if (counters.second === second) return counters;
    counters.begin(second);
    if (second > this.time.wantedUntilS) this.#onUnwanted();
    return counters;
  }
}

/** The oldest second that is still kept at `nowS`. */
export function oldestKept(nowS: number): number {
  return nowS - SECONDS_KEPT + 1;
}
