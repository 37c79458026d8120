import { bucketUpperMs } from "../../proxy/metrics/histogram.ts";
import type { Arm } from "../analysis/second.ts";

/** Seconds that durations and requests under way are a mean of. */
export const IN_FLIGHT_SECONDS_MAX = 10;

/** With fewer requests in that time a mean duration says nothing. */
const REQUESTS_MIN = 20;

/** Requests that ended in some seconds, and how long all of them took. */
type Taken = { readonly requests: number; readonly ms: number };

/** All that it has come to: plain data. */
export type InFlightState = {
  readonly stable: readonly Taken[];
  readonly canary: readonly Taken[];
  readonly peak: number;
};

/**
 * How many requests of stable were under way at once, and how long those of the canary take: out of
 * what ended in each second. A second without a request counts, too.
 */
export class InFlight {
  readonly #stable: Taken[];
  readonly #canary: Taken[];
  #peak: number;

  /** `before`: where it goes on. Absent: it begins. */
  constructor(before: InFlightState = { stable: [], canary: [], peak: 0 }) {
    this.#stable = [...before.stable];
    this.#canary = [...before.canary];
    this.#peak = before.peak;
  }

  get state(): InFlightState {
    return { stable: [...this.#stable], canary: [...this.#canary], peak: this.#peak };
  }

  /** What both did in the next second. */
  add(stable: Arm, canary: Arm): void {
    push(this.#stable, stable);
    push(this.#canary, canary);
    if (this.#stable.length < IN_FLIGHT_SECONDS_MAX) return;
    const { ms } = sumOf(this.#stable);
    this.#peak = Math.max(this.#peak, ms / 1_000 / IN_FLIGHT_SECONDS_MAX);
  }

  /** Most of stable's at once, as a mean of 10 s. undefined: it was not watched for as long yet. */
  get peak(): number | undefined {
    return this.#stable.length < IN_FLIGHT_SECONDS_MAX ? undefined : this.#peak;
  }

  /** Seconds that a request takes the canary; as long as that has too few, stable. */
  get meanS(): number | undefined {
    const canary = sumOf(this.#canary);
    const { requests, ms } = canary.requests >= REQUESTS_MIN ? canary : sumOf(this.#stable);
    return requests === 0 ? undefined : ms / 1_000 / requests;
  }
}

function push(seconds: Taken[], { requests, latencies }: Arm): void {
  let ms = 0;
  for (let bucket = latencies.from; bucket <= latencies.to; bucket += 1) {
    ms += (latencies.counts[bucket] ?? 0) * bucketUpperMs(bucket);
  }
  seconds.push({ requests, ms });
  if (seconds.length > IN_FLIGHT_SECONDS_MAX) seconds.shift();
}

function sumOf(seconds: readonly Taken[]): Taken {
  return {
    requests: seconds.reduce((sum, each) => sum + each.requests, 0),
    ms: seconds.reduce((sum, each) => sum + each.ms, 0),
  };
}
