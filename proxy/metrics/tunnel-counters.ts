import { BUCKET_COUNT, addedBuckets, bucketOf, sparseBuckets } from "./histogram.ts";
import { TUNNEL_OUTCOMES } from "./stats.ts";
import type { TunnelCounts, TunnelOutcome } from "./stats.ts";

/**
 * Durations of tunnels are counted in the buckets of exchanges, as if each had taken this much
 * less: a tunnel lasts from some milliseconds to a day, and both ends must be told apart.
 */
export const TUNNEL_DURATION_DIVISOR = 64;

/** What the tunnels of one version did in this worker: the path of a byte adds to numbers. */
export class TunnelCounters {
  /** From clients, and to them. */
  bytesIn = 0;
  bytesOut = 0;
  readonly #failures = new Map<string, number>();
  readonly #outcomes = new Float64Array(TUNNEL_OUTCOMES.length);
  /** Made for the first one: most versions never have any. */
  #durations: Float64Array | undefined;
  #durationSumMs = 0;

  /** One has ended here. */
  ended(outcome: TunnelOutcome, durationMs: number): void {
    const index = TUNNEL_OUTCOMES.indexOf(outcome);
    this.#outcomes[index] = (this.#outcomes[index] as number) + 1;
    this.#durations ??= new Float64Array(BUCKET_COUNT);
    const bucket = bucketOf(durationMs / TUNNEL_DURATION_DIVISOR);
    this.#durations[bucket] = (this.#durations[bucket] as number) + 1;
    this.#durationSumMs += durationMs;
  }

  /** A TCP connection got no endpoint. `reason`: one of a fixed set of the code. */
  failed(reason: string): void {
    this.#failures.set(reason, (this.#failures.get(reason) ?? 0) + 1);
  }

  /** Whether there is anything to report. `false`: all counts are 0. */
  get touched(): boolean {
    const hasEnded = this.#durations !== undefined;
    return hasEnded || this.bytesIn + this.bytesOut > 0 || this.#failures.size > 0;
  }

  /** The counts as plain data. */
  counts(): TunnelCounts {
    const durations = sparseBuckets(this.#durations);
    return {
      outcomes: [...this.#outcomes],
      durations,
      durationSumMs: this.#durationSumMs,
      bytesIn: this.bytesIn,
      bytesOut: this.bytesOut,
      failures: Object.fromEntries(this.#failures),
    };
  }
}

/** The counts of two places, together. */
export function addedTunnels(one: TunnelCounts, other: TunnelCounts): TunnelCounts {
  const failures = new Map(Object.entries(one.failures));
  for (const [reason, count] of Object.entries(other.failures)) {
    failures.set(reason, (failures.get(reason) ?? 0) + count);
  }
  return {
    outcomes: TUNNEL_OUTCOMES.map(
      (_outcome, index) => (one.outcomes[index] ?? 0) + (other.outcomes[index] ?? 0),
    ),
    durations: addedBuckets(one.durations, other.durations),
    durationSumMs: one.durationSumMs + other.durationSumMs,
    bytesIn: one.bytesIn + other.bytesIn,
    bytesOut: one.bytesOut + other.bytesOut,
    failures: Object.fromEntries(failures),
  };
}
