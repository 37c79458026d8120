import { BUCKET_COUNT, bucketUpperMs } from "../../proxy/metrics/histogram.ts";
import type { Latencies } from "./second.ts";
import { ShareTest } from "./share-test.ts";
import type { ShareCounts, ShareSecond, ShareTestState } from "./share-test.ts";
import type { StablePast } from "./stable-past.ts";

/** What "slower" means at one quantile. */
export type LatencyMargin = {
  /** 0 … 1, both excluded. */
  readonly quantile: number;
  /** The canary may be slower than stable by this factor or by `ms`, whichever is more. */
  readonly factor: number;
  readonly ms: number;
  /**
   * The same for what has to be shown before it gets everything: more, since between two tails that
   * are alike, requests that tell them apart within a hair are rare.
   */
  readonly clearFactor: number;
  readonly clearMs: number;
};

/** A quantile to judge, with its part of alpha. */
export type LatencyMetric = LatencyMargin & { readonly part: number };

/** A version's requests in one second: how many, and by latency. */
export type TimedRequests = { readonly requests: number; readonly latencies: Latencies };

/** Shares of slow requests are kept within these, so that every bet is on a possible event. */
const SHARE_MIN = 1e-4;
const SHARE_MAX = 0.9;

/** The share that is assumed before anything is known. */
const FIRST_SHARE = 0.05;

/** How many requests of the last second the previous estimate weighs as much as. */
const MEMORY_REQUESTS = 300;

/** All that a bound has come to: plain data. */
export type SlowBoundState = {
  readonly stable: number;
  readonly canary: number;
  readonly expected: number;
};

/** All that a test has come to: plain data. `bounds` absent: none could be chosen yet. */
export type LatencyTestState = {
  readonly test: ShareTestState;
  readonly bounds?:
    | {
        readonly slower: SlowBoundState;
        readonly cold: SlowBoundState;
        readonly noSlower: SlowBoundState;
        readonly likeStable: number;
      }
    | undefined;
};

/** Which requests are slow: those in buckets above this one. */
class SlowBound {
  readonly stable: number;
  /** For the canary: raised by what it may be slower. */
  readonly canary: number;
  #expected: number;

  constructor({ stable, canary, expected }: SlowBoundState) {
    this.stable = stable;
    this.canary = canary;
    this.#expected = expected;
  }

  get state(): SlowBoundState {
    return { stable: this.stable, canary: this.canary, expected: this.#expected };
  }

  /** Stable's expected share of slow requests in the next second, from its past. */
  get expected(): number {
    return this.#expected;
  }

  /** What a second shows at this bound. An effect of load on both only changes the next bet. */
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

/** The bounds of a metric: one for each question, and one for a cold canary. */
type SlowBounds = {
  readonly slower: SlowBound;
  readonly cold: SlowBound;
  readonly noSlower: SlowBound;
  /** The share of slow requests, at `noSlower`, of a canary that is exactly as fast as stable. */
  readonly likeStable: number;
};

/**
 * Whether the canary is slower at one quantile. That quantile of stable's past is the bound:
 * stable's requests above it are slow, and so are the canary's above the bound plus the margin.
 * What remains is a question about two shares.
 *
 * "No slower" is asked at a bound that some of stable's requests exceed, even if nearly all of them
 * take the same time.
 */
export class LatencyTest {
  readonly #metric: LatencyMetric;
  readonly #coldFactor: number;
  readonly test: ShareTest;
  #bounds: SlowBounds | undefined;

  /**
   * `coldFactor`: replaces the metric's factor while the canary is cold. `before`: where it goes
   * on; absent: it begins.
   */
  constructor(metric: LatencyMetric, coldFactor: number, before?: LatencyTestState) {
    this.#metric = metric;
    this.#coldFactor = coldFactor;
    this.test = before === undefined ? new ShareTest() : ShareTest.from(before.test);
    if (before?.bounds === undefined) return;
    const { slower, cold, noSlower, likeStable } = before.bounds;
    this.#bounds = {
      slower: new SlowBound(slower),
      cold: new SlowBound(cold),
      noSlower: new SlowBound(noSlower),
      likeStable,
    };
  }

  get state(): LatencyTestState {
    const test = this.test.state;
    if (this.#bounds === undefined) return { test };
    const { slower, cold, noSlower, likeStable } = this.#bounds;
    const bounds = { slower: slower.state, cold: cold.state, noSlower: noSlower.state, likeStable };
    return { test, bounds };
  }

  /** `p50`, `p99.9`. */
  get name(): string {
    return quantileName(this.#metric.quantile);
  }

  /** Its part of alpha. */
  get part(): number {
    return this.#metric.part;
  }

  /** Whether stable has had enough requests for bounds to be chosen. */
  get aimed(): boolean {
    return this.#bounds !== undefined;
  }

  /** Stable's expected share of slow requests in the next second, from its past. */
  get expectedShare(): number {
    return this.#bounds?.noSlower.expected ?? FIRST_SHARE;
  }

  /** The share of slow requests of a canary that is exactly as fast as stable. */
  get likeStable(): number {
    return this.#bounds?.likeStable ?? FIRST_SHARE;
  }

  /** Chooses the bounds for the coming seconds, unless stable has had too few requests. */
  aim(past: StablePast): void {
    const { quantile, factor, ms, clearFactor, clearMs } = this.#metric;
    if (past.total < samplesFor(quantile)) return;
    const boundAt = (stable: number, byFactor: number, byMs: number): SlowBound => {
      const expected = within(past.above(stable) / past.total);
      return new SlowBound({ stable, canary: bucketAbove(stable, byFactor, byMs), expected });
    };
    const bucket = past.bucketAt(quantile);
    const noSlower = boundAt(past.bucketBelow(quantile), clearFactor, clearMs);
    this.#bounds = {
      slower: boundAt(bucket, factor, ms),
      cold: boundAt(bucket, this.#coldFactor, ms),
      noSlower,
      likeStable: past.above(noSlower.canary) / past.total,
    };
  }

  /** Gives the evidence a fresh start. */
  start(): void {
    this.test.start();
  }

  /** Adds a second. `share`: the canary's of the requests. `cold`: it is still warming up. */
  add(canary: TimedRequests, stable: TimedRequests, share: number, cold: boolean): void {
    const bounds = this.#bounds;
    if (bounds === undefined) return;
    const bound = cold ? bounds.cold : bounds.slower;
    this.test.addForMore(bound.count(canary, stable, share));
    // A cold canary cannot show that it is no slower.
    if (!cold) this.test.addForFewer(bounds.noSlower.count(canary, stable, share));
  }
}

/** The first bucket whose upper bound is at least that of `bucket`, raised by a margin. */
function bucketAbove(bucket: number, factor: number, ms: number): number {
  const fromMs = bucketUpperMs(bucket);
  const toMs = Math.max(fromMs * factor, fromMs + ms);
  let raised = bucket;
  // Rounding must not push it into the next bucket.
  while (raised < BUCKET_COUNT - 1 && bucketUpperMs(raised) < toMs - 1e-9) raised += 1;
  return raised;
}

/** `p50`, `p99.9`. */
export function quantileName(quantile: number): string {
  return `p${Number((100 * quantile).toPrecision(6))}`;
}

/** Requests of stable that a bound needs, so that in 95 of 100 cases one exceeds it. */
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
