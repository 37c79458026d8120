import { BUCKET_COUNT, bucketOf, bucketUpperMs } from "../../proxy/metrics/histogram.ts";
import type { Draws } from "../../control/analysis/draws.ts";
import type { Latencies } from "../../control/analysis/second.ts";

/** A lognormal distribution, with this median and spread. */
const MEDIAN_MS = 40;
const SIGMA = 0.6;

/** The buckets that can hold anything. */
const FROM = bucketOf(MEDIAN_MS / 30);
const TO = bucketOf(MEDIAN_MS * 2_000);

/** From this many on, requests are drawn by bucket, not one by one. */
const MANY = 250;

/** A share of the requests that is slower than the others. */
export type Tail = { readonly share: number; readonly factor: number };

/**
 * Cumulative probabilities of buckets, by the factor in hundredths: made once for all rollouts of a
 * row. There are as many tails as rows name, and as many factors as warming up passes through.
 */
const DISTRIBUTIONS = new Map<Tail | undefined, Map<number, Float64Array>>();

/** Draws latencies for the requests of one version. */
export class LatencyDraws {
  readonly #tail: Tail | undefined;
  readonly #byScale: Map<number, Float64Array>;
  readonly #counts = new Float64Array(BUCKET_COUNT);
  readonly latencies: Latencies = { counts: this.#counts, from: FROM, to: TO };

  constructor(tail?: Tail) {
    this.#tail = tail;
    const known = DISTRIBUTIONS.get(tail);
    this.#byScale = known ?? new Map<number, Float64Array>();
    if (known === undefined) DISTRIBUTIONS.set(tail, this.#byScale);
  }

  /** Draws a second, which `latencies` holds until the next. `scale`: multiplies all of them. */
  draw(requests: number, scale: number, draws: Draws): void {
    this.#counts.fill(0, FROM, TO + 1);
    const cumulated = this.#distribution(scale);
    if (requests > MANY) this.#drawByBucket(requests, cumulated, draws);
    else this.#drawEach(requests, cumulated, draws);
  }

  #distribution(scale: number): Float64Array {
    const hundredths = Math.round(scale * 100);
    const known = this.#byScale.get(hundredths);
    if (known !== undefined) return known;
    const median = (MEDIAN_MS * hundredths) / 100;
    const made = Float64Array.from({ length: BUCKET_COUNT }, (_, bucket) =>
      this.#below(bucketUpperMs(bucket), median),
    );
    this.#byScale.set(hundredths, made);
    return made;
  }

  #below(ms: number, median: number): number {
    const plain = normalBelow(Math.log(ms / median) / SIGMA);
    if (this.#tail === undefined) return plain;
    const { share, factor } = this.#tail;
    const slow = normalBelow(Math.log(ms / (median * factor)) / SIGMA);
    return (1 - share) * plain + share * slow;
  }

  /** From the top bucket down, each a binomial of what is left. */
  #drawByBucket(requests: number, cumulated: Float64Array, draws: Draws): void {
    let left = requests;
    let under = 1;
    for (let bucket = TO; bucket > FROM && left > 0 && under > 0; bucket -= 1) {
      const below = cumulated[bucket - 1] as number;
      const drawn = draws.binomial(left, (under - below) / under);
      this.#counts[bucket] = drawn;
      left -= drawn;
      under = below;
    }
    this.#counts[FROM] = (this.#counts[FROM] as number) + left;
  }

  #drawEach(requests: number, cumulated: Float64Array, draws: Draws): void {
    for (let request = 0; request < requests; request += 1) {
      const bucket = firstAtLeast(cumulated, draws.uniform());
      this.#counts[bucket] = (this.#counts[bucket] as number) + 1;
    }
  }
}

function firstAtLeast(cumulated: Float64Array, value: number): number {
  let low = FROM;
  let high = TO;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((cumulated[middle] as number) >= value) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The normal distribution (Abramowitz, Stegun: Handbook of Mathematical Functions, 26.2.17). */
export function normalBelow(x: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(x));
  const terms = [0.31938153, -0.356563782, 1.781477937, -1.821255978, 1.330274429];
  const sum = terms.reduceRight((total, term) => t * (term + total), 0);
  const above = 0.3989422804014327 * Math.exp((-x * x) / 2) * sum;
  return x > 0 ? 1 - above : above;
}
