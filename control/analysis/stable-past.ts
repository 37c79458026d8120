import { BUCKET_COUNT } from "../../proxy/metrics/histogram.ts";
import type { Latencies } from "./second.ts";

/** What is remembered: about the last minute, or the last 3 000 requests if those take longer. */
const SECONDS = 60;
const REQUESTS = 3_000;

/** With fewer requests above a bound than this part of those wanted, it shows next to nothing. */
const SHARE_POOR = 0.1;

/** Stable's latencies of a moment ago: bounds are chosen from the past only. */
export class StablePast {
  /** Requests by bucket; older ones weigh less. */
  readonly counts = new Float64Array(BUCKET_COUNT);
  /** Their sum. */
  total = 0;

  /** One second more. */
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
   * The bucket whose upper bound is nearest to the quantile. 0 < `quantile` < 1; there must be
   * requests.
   */
  bucketAt(quantile: number): number {
    return this.#bucketAt(this.total * (1 - quantile), 0);
  }

  /** The same, unless hardly a request lies above it: then the one before that. */
  bucketBelow(quantile: number): number {
    const wanted = this.total * (1 - quantile);
    return this.#bucketAt(wanted, wanted * SHARE_POOR);
  }

  /** The bucket above which nearest to `wanted` requests lie, and at least so many. */
  #bucketAt(wanted: number, least: number): number {
    let above = this.total;
    for (let bucket = 0; bucket < BUCKET_COUNT; bucket += 1) {
      // Not for the last digit of a difference of floating point numbers.
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
