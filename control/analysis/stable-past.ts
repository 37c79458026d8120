import { BUCKET_COUNT } from "../../proxy/metrics/histogram.ts";
import type { Latencies } from "./second.ts";

/** How much is remembered: about a minute, or 3 000 requests if those take longer. */
const SECONDS = 60;
const REQUESTS = 3_000;

/** With less than this part of the wanted requests above it, a bound shows next to nothing. */
const SHARE_POOR = 0.1;

/** All that is remembered: plain data. */
export type StablePastState = {
  /** [bucket, requests], of those that hold any. */
  readonly counts: readonly (readonly [number, number])[];
  readonly total: number;
};

/** Stable's recent latencies: bounds are chosen only from the past. */
export class StablePast {
  /** Requests by bucket, older ones with less weight. */
  readonly counts = new Float64Array(BUCKET_COUNT);
  /** Their sum. */
  total = 0;

  /** `before`: what is remembered already. */
  constructor({ counts, total }: StablePastState = { counts: [], total: 0 }) {
    for (const [bucket, count] of counts) this.counts[bucket] = count;
    this.total = total;
  }

  get state(): StablePastState {
    const counts = [...this.counts.entries()].filter(([, count]) => count > 0);
    return { counts, total: this.total };
  }

  /** Adds a second. */
  add({ counts, from, to }: Latencies): void {
    const { counts: kept } = this;
    let requests = 0;
    for (let bucket = from; bucket <= to; bucket += 1) requests += counts[bucket] as number;
    const keep = 1 - Math.min(1 / SECONDS, requests / REQUESTS);
    let total = 0;
    for (let bucket = 0; bucket < BUCKET_COUNT; bucket += 1) {
      const now = bucket >= from && bucket <= to ? (counts[bucket] as number) : 0;
      kept[bucket] = (kept[bucket] as number) * keep + now;
      total += kept[bucket] as number;
    }
    this.total = total;
  }

  /** Requests in the buckets above this one. */
  above(bucket: number): number {
    let sum = 0;
    for (let at = bucket + 1; at < BUCKET_COUNT; at += 1) sum += this.counts[at] as number;
    return sum;
  }

  /**
   * The bucket whose upper bound is nearest to the quantile. 0 < `quantile` < 1; there must have
   * been requests.
   */
  bucketAt(quantile: number): number {
    return this.#bucketAt(this.total * (1 - quantile), 0);
  }

  /** The same, unless hardly any request lies above it: then the next lower one. */
  bucketBelow(quantile: number): number {
    const wanted = this.total * (1 - quantile);
    return this.#bucketAt(wanted, wanted * SHARE_POOR);
  }

  /** The bucket above which about `wanted` requests lie, and no fewer than `least`. */
  #bucketAt(wanted: number, least: number): number {
    let above = this.total;
    for (let bucket = 0; bucket < BUCKET_COUNT; bucket += 1) {
      // Rounding must not make it one bucket fewer.
      const next = Math.max(0, above - (this.counts[bucket] as number));
      if (next <= wanted) {
        const isBefore = above - wanted < wanted - next || next < least;
        return isBefore ? Math.max(0, bucket - 1) : bucket;
      }
      above = next;
    }
    return BUCKET_COUNT - 1;
  }
}
