import { BUCKET_COUNT, bucketOf, quantileMs } from "../../../proxy/metrics/histogram.ts";

/** Versions of the demo's shop. */
export const SHOP_VERSIONS = ["v1", "v2"] as const;

/** Latencies of one version in milliseconds, each within 12.5 %. 0: no request yet. */
export type Latency = { readonly p50Ms: number; readonly p99Ms: number };

/** What became of the requests of one step. */
export class Tally {
  /** Share of v2 that is in force, 0 … 1. */
  readonly share: number;
  /** Through which sidecar the requests went. undefined: there is only one. */
  readonly sidecar: string | undefined;
  /** Failed requests: no answer, an answer that is not a success, or one from no version. */
  errors = 0;
  /** What the first of them was. undefined: none failed. */
  firstError: string | undefined;
  readonly #durations = new Map<string, Float64Array>();

  constructor(share: number, sidecar?: string) {
    this.share = share;
    this.sidecar = sidecar;
  }

  /** A version answered a request after this time. */
  answered(version: string, durationMs: number): void {
    const counts = this.#durations.get(version) ?? new Float64Array(BUCKET_COUNT);
    this.#durations.set(version, counts);
    const bucket = bucketOf(durationMs);
    counts[bucket] = (counts[bucket] ?? 0) + 1;
  }

  /** A request failed. */
  failed(reason: string): void {
    this.errors += 1;
    this.firstError ??= reason;
  }

  /** Answers of one version. */
  countOf(version: string): number {
    return this.#durations.get(version)?.reduce((sum, count) => sum + count, 0) ?? 0;
  }

  /** Answers of both versions. */
  get answers(): number {
    return SHOP_VERSIONS.reduce((sum, version) => sum + this.countOf(version), 0);
  }

  latencyOf(version: string): Latency {
    const counts = this.#durations.get(version) ?? [];
    return { p50Ms: quantileMs(counts, 0.5), p99Ms: quantileMs(counts, 0.99) };
  }
}

/**
 * How far v2's count may be off. The split keeps each count within 2 of its share since its start;
 * a step is the difference of two such counts.
 */
const COUNT_TOLERANCE = 4;

/** How many answers from v2 a step may have: from, to. At 0 and 100 % the count is exact. */
export function expectedBand({ share, answers }: Tally): readonly [number, number] {
  const expected = share * answers;
  if (share === 0 || share === 1) return [expected, expected];
  const least = Math.floor(expected - COUNT_TOLERANCE);
  const most = Math.ceil(expected + COUNT_TOLERANCE);
  return [Math.max(0, least), Math.min(answers, most)];
}

/** What is wrong with a finished step. undefined: nothing. */
export function faultOf(tally: Tally): string | undefined {
  if (tally.errors > 0) return `${tally.errors} requests failed, the first: ${tally.firstError}`;
  if (tally.answers === 0) return "no request was answered";
  const [least, most] = expectedBand(tally);
  const count = tally.countOf("v2");
  if (count >= least && count <= most) return undefined;
  return `v2 answered ${count} of ${tally.answers}, expected ${least} to ${most}`;
}
