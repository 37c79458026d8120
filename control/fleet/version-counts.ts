import { z } from "zod";
import { bucketUpperMs, BUCKET_COUNT, bucketOf } from "../../proxy/metrics/histogram.ts";
import { ATTEMPT_OUTCOMES, CODE_CLASSES } from "../../proxy/metrics/stats.ts";
import { recordOf } from "../base/record-of.ts";
import type { VersionTotals } from "../views/worker-totals.ts";

/** Factor to get just inside a bucket: its bound is exclusive, and a sum of powers of two. */
const INSIDE = 1 - 2 ** -20;

const count = z.number().min(0).max(Number.MAX_SAFE_INTEGER);

/** The counts of one version, over all workers of one sidecar or of many. */
export const versionCountsSchema = z.object({
  requests: z
    .record(z.string(), count)
    .describe("Exchanges by class of the status that the client got; 0xx: it went away before"),
  attempts: z.record(z.string(), count).describe("Attempts by outcome"),
  retries: count,
  retriesCrossed: count.describe("Retries at another version"),
  ejections: count,
  durationSumMs: count,
  durations: z
    .array(z.tuple([count, count]))
    .max(BUCKET_COUNT)
    .describe(
      "Durations of exchanges: a bound in milliseconds, and how many took less than that, but " +
        "not less than the bound before",
    ),
  exchangesOpen: count.describe("Now"),
  tunnelsOpen: count.describe("Now"),
});

/** Counts of a version, as the API tells them. */
export type VersionCounts = z.output<typeof versionCountsSchema>;

/** Turns the totals of a version into what the API tells. */
export function countsOf(totals: VersionTotals): VersionCounts {
  const { codes, outcomes, durations, panicBy: _, ...others } = totals;
  const told = durations.flatMap((many, bucket): [number, number][] =>
    many === 0 ? [] : [[bucketUpperMs(bucket), many]],
  );
  return {
    ...others,
    requests: recordOf(CODE_CLASSES.map((name, index) => [name, codes[index] ?? 0])),
    attempts: recordOf(ATTEMPT_OUTCOMES.map((name, index) => [name, outcomes[index] ?? 0])),
    durations: told,
  };
}

/** The totals that were told, without classes that only another release of Sluice knows. */
export function totalsOf(counts: VersionCounts): VersionTotals {
  const { requests, attempts, durations, ...others } = counts;
  const byBucket = Array.from<number>({ length: BUCKET_COUNT }).fill(0);
  for (const [upperMs, many] of durations) {
    const bucket = bucketOf(upperMs * INSIDE);
    byBucket[bucket] = (byBucket[bucket] ?? 0) + many;
  }
  return {
    ...others,
    panicBy: 0,
    codes: CODE_CLASSES.map((name) => requests[name] ?? 0),
    outcomes: ATTEMPT_OUTCOMES.map((name) => attempts[name] ?? 0),
    durations: byBucket,
  };
}
