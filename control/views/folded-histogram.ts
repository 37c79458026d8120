import type { Registry } from "prom-client";
import { bucketUpperMs } from "../../proxy/metrics/histogram.ts";
import { addMetric } from "./metric-series.ts";
import type { MetricLine } from "./metric-series.ts";

/**
 * Exposed bounds in microseconds: the powers of two from 128 µs to 67 s. All of them are also
 * bounds of the workers' buckets, so the count under a bound is exact and never interpolated.
 */
const BOUNDS_US = Array.from({ length: 20 }, (_, index) => 2 ** (index + 7));

/** The same with three more between two of them, which are bounds of the workers' buckets too. */
const FINE_BOUNDS_US = BOUNDS_US.flatMap((bound, index) =>
  index + 1 === BOUNDS_US.length ? [bound] : [1, 1.25, 1.5, 1.75].map((times) => bound * times),
);

/** One series of a histogram. */
export type HistogramSeries = {
  readonly labels: Readonly<Record<string, string>>;
  /** Counts by bucket of proxy/metrics/histogram.ts. */
  readonly counts: readonly number[];
  readonly sumMs: number;
  /** It has four bounds for each power of two. Absent: one. */
  readonly isFine?: boolean;
  /** Its values were counted as if each were so many times smaller. Absent: as they are. */
  readonly divisor?: number;
};

/** Adds a histogram in seconds to a registry. */
export function addHistogram(
  registry: Registry,
  name: string,
  help: string,
  series: readonly HistogramSeries[],
): void {
  const lines = series.flatMap((each) => linesOf(name, each));
  addMetric(registry, { name, help, type: "histogram" }, lines);
}

/**
 * How many values lie under each bound. A worker's bucket lies under the bound that is not below
 * the bucket's own.
 */
function cumulative(counts: readonly number[], boundsUs: readonly number[]): number[] {
  let bucket = 0;
  let below = 0;
  return boundsUs.map((boundUs) => {
    while (bucket < counts.length && bucketUpperMs(bucket) * 1000 <= boundUs + 0.5) {
      below += counts[bucket] ?? 0;
      bucket += 1;
    }
    return below;
  });
}

function linesOf(name: string, series: HistogramSeries): MetricLine[] {
  const { labels: sharedLabels, counts, sumMs, isFine = false, divisor = 1 } = series;
  const boundsUs = isFine ? FINE_BOUNDS_US : BOUNDS_US;
  const total = counts.reduce((sum, count) => sum + count, 0);
  const below = cumulative(counts, boundsUs);
  const bucket = (le: string, value: number): MetricLine => ({
    metricName: `${name}_bucket`,
    labels: { le },
    sharedLabels,
    value,
  });
  return [
    ...boundsUs.map((boundUs, index) =>
      bucket(String((boundUs * divisor) / 1e6), below[index] ?? 0),
    ),
    bucket("+Inf", total),
    { metricName: `${name}_sum`, labels: {}, sharedLabels, value: sumMs / 1000 },
    { metricName: `${name}_count`, labels: {}, sharedLabels, value: total },
  ];
}
