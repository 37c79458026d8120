import { BUCKET_COUNT, bucketUpperMs } from "../../proxy/metrics/histogram.ts";
import type { Latencies } from "./second.ts";
import { ShareTest } from "./share-test.ts";
import type { ShareCounts, ShareSecond } from "./share-test.ts";
import type { StablePast } from "./stable-past.ts";

/** What "slower" means at one quantile. */
export type LatencyMargin = {
  /** 0 … 1, both excluded. */
  readonly quantile: number;
  /** The canary's latency may be above stable's by this factor, or by `ms`, whichever is more. */
  readonly factor: number;
  readonly ms: number;
};

/** A quantile that is judged, with its part of alpha. */
export type LatencyMetric = LatencyMargin & { readonly part: number };

/** A version's requests of one second, all and by latency. */
export type TimedRequests = { readonly requests: number; readonly latencies: Latencies };

/** Where a share of slow requests is kept, so that every bet is on something that can happen. */
const SHARE_MIN = 1e-4;
const SHARE_MAX = 0.9;

/** What is thought before anything is known. */
const FIRST_SHARE = 0.05;

/** Requests that what was thought weighs as much as, against those of the last second. */
const MEMORY_REQUESTS = 300;

/** Where a request begins to be slow, as a bucket: it is slow in a bucket above. */
class SlowBound {
  readonly stable: number;
  /** Higher by what the canary may be slower by. */
  readonly canary: number;
  #expected: number;

  constructor(past: StablePast, stable: number, canary: number) {
    this.stable = stable;
    this.canary = canary;
    this.#expected = within(past.above(stable) / past.total);
  }

  /** Stable's share of slow requests in the next second, as the past tells it. */
  get expected(): number {
    return this.#expected;
  }

  /** What a second shows at this bound. What load does to both shows in the next bet. */
  count(canary: TimedRequests, stable: TimedRequests, share: number): ShareSecond {
    const expected = this.#expected;
    const slowStable = slowOf(stable, this.stable);
    this.#learn(slowStable);
    return { canary: slowOf(canary, this.canary), stable: slowStable, share, expected };
  }

  #learn({ requests, hits }: ShareCounts): void {
    if (requests === 0) return;
    const weight = requests / (requests + MEMORY_REQUESTS);
    this.#expected = within(this.#expected * (1 - weight) + (hits / requests) * weight);
  }
}

/** Those of a metric: one for each question, and for a cold canary. */
type SlowBounds = {
  readonly slower: SlowBound;
  readonly cold: SlowBound;
  readonly noSlower: SlowBound;
  /** Share of slow requests of a canary whose latencies are stable's, at `noSlower`. */
  readonly likeStable: number;
};

/**
 * Whether the canary is slower at one quantile. The quantile of stable's past makes a bound; its
 * requests above it are slow, and so are the canary's above the bound that the margin allows. Then
 * it is a question about two shares.
 *
 * Whether it is no slower is asked at a bound that some of stable's requests lie above, even if
 * nearly all take the same time.
 */
export class LatencyTest {
  readonly #metric: LatencyMetric;
  readonly #coldFactor: number;
  readonly test = new ShareTest();
  #bounds: SlowBounds | undefined;

  /** `coldFactor`: the factor that counts instead of the metric's while the canary is cold. */
  constructor(metric: LatencyMetric, coldFactor: number) {
    this.#metric = metric;
    this.#coldFactor = coldFactor;
  }

  /** `p50`, `p99.9`. */
  get name(): string {
    return quantileName(this.#metric.quantile);
  }

  /** Its part of alpha. */
  get part(): number {
    return this.#metric.part;
  }

  /** Stable has had enough requests for a bound. */
  get aimed(): boolean {
    return this.#bounds !== undefined;
  }

  /** Stable's share of slow requests in the next second, as the past tells it. */
  get expectedShare(): number {
    return this.#bounds?.noSlower.expected ?? FIRST_SHARE;
  }

  /** The share of slow requests of a canary whose latencies are stable's. */
  get likeStable(): number {
    return this.#bounds?.likeStable ?? FIRST_SHARE;
  }

  /** Chooses the bounds of the seconds to come, unless stable has had too few requests. */
  aim(past: StablePast): void {
    const { quantile, factor } = this.#metric;
    if (past.total < samplesFor(quantile)) return;
    const boundAt = (bucket: number, by: number): SlowBound =>
      new SlowBound(past, bucket, this.#bucketAbove(bucket, by));
    const bucket = past.bucketAt(quantile);
    const noSlower = boundAt(past.bucketBelow(quantile), factor);
    this.#bounds = {
      slower: boundAt(bucket, factor),
      cold: boundAt(bucket, this.#coldFactor),
      noSlower,
      likeStable: past.above(noSlower.canary) / past.total,
    };
  }

  /** A fresh start of the evidence. */
  start(): void {
    this.test.start();
  }

  /** A second. `share`: the canary's of the requests. `cold`: it may still be slower than it is. */
  add(canary: TimedRequests, stable: TimedRequests, share: number, cold: boolean): void {
    const bounds = this.#bounds;
    if (bounds === undefined) return;
    const bound = cold ? bounds.cold : bounds.slower;
    this.test.addForMore(bound.count(canary, stable, share));
    // A cold canary shows nothing good.
    if (!cold) this.test.addForFewer(bounds.noSlower.count(canary, stable, share));
  }

  /** The first bucket whose upper bound is that of `bucket`, raised, or above it. */
  #bucketAbove(bucket: number, factor: number): number {
    const fromMs = bucketUpperMs(bucket);
    const toMs = Math.max(fromMs * factor, fromMs + this.#metric.ms);
    let raised = bucket;
    // Not for the last digit of a sum of two floating point numbers.
    while (raised < BUCKET_COUNT - 1 && bucketUpperMs(raised) < toMs - 1e-9) raised += 1;
    return raised;
  }
}

/** `p50`, `p99.9`. */
export function quantileName(quantile: number): string {
  return `p${Number((100 * quantile).toPrecision(6))}`;
}

/** Requests of stable that a bound needs: so many that one lies above it in 95 of 100 cases. */
function samplesFor(quantile: number): number {
  return Math.ceil(Math.log(0.05) / Math.log(quantile));
}

function within(share: number): number {
  return Math.min(SHARE_MAX, Math.max(SHARE_MIN, share));
}

function slowOf({ requests, latencies }: TimedRequests, bucket: number): ShareCounts {
  const { counts, from, to } = latencies;
  let hits = 0;
  for (let at = Math.max(from, bucket + 1); at <= to; at += 1) hits += counts[at] as number;
  return { requests, hits };
}
