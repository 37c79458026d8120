import { BUCKET_COUNT, bucketUpperMs } from "../../proxy/metrics/histogram.ts";
import type { Arm } from "../../control/analysis/second.ts";

/** Upper bounds of Istio's buckets in ms, as in Istio 1.x. */
const ISTIO_MS = [
  0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000,
  600_000, 1_800_000, 3_600_000,
] as const;

/** What one scrape per minute shows of a version. */
export class Minute {
  requests = 0;
  failures = 0;
  readonly #latency = new Float64Array(BUCKET_COUNT);

  reset(): void {
    this.requests = 0;
    this.failures = 0;
    this.#latency.fill(0);
  }

  add({ requests, failures, latencies }: Arm): void {
    this.requests += requests;
    this.failures += failures;
    const { counts, from, to } = latencies;
    for (let bucket = from; bucket <= to; bucket += 1) {
      this.#latency[bucket] = (this.#latency[bucket] as number) + (counts[bucket] as number);
    }
  }

  /** Mean latency. NaN: there were no requests. */
  get meanMs(): number {
    let requests = 0;
    let sum = 0;
    for (const [bucket, count] of this.#latency.entries()) {
      requests += count;
      sum += count * middleMs(bucket);
    }
    return sum / requests;
  }

  /** Prometheus' histogram_quantile over Istio's buckets. NaN: there were no requests. */
  quantileMs(quantile: number): number {
    const cumulated = ISTIO_MS.map((bound) =>
      this.#latency.reduce(
        (sum, count, bucket) => (middleMs(bucket) <= bound ? sum + count : sum),
        0,
      ),
    );
    const total = this.#latency.reduce((sum, count) => sum + count, 0);
    if (total === 0) return Number.NaN;
    const rank = quantile * total;
    const found = cumulated.findIndex((count) => count >= rank);
    const index = found === -1 ? ISTIO_MS.length - 1 : found;
    const from = ISTIO_MS[index - 1] ?? 0;
    const below = cumulated[index - 1] ?? 0;
    const width = (ISTIO_MS[index] as number) - from;
    return from + (width * (rank - below)) / ((cumulated[index] as number) - below);
  }
}

function middleMs(bucket: number): number {
  return bucket === 0 ? 0 : (bucketUpperMs(bucket - 1) + bucketUpperMs(bucket)) / 2;
}
