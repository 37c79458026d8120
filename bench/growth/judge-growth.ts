import { ratioSpread, spreadOf } from "../statistics.ts";
import type { Spread } from "../statistics.ts";
import type { Point } from "./measure-series.ts";
import { GROWTH_MUST } from "./series.ts";
import type { Series } from "./series.ts";

/**
 * What the largest size of a series costs, as a ratio to the cost of the size that the budget
 * names.
 */
export type Growth = {
  readonly series: Series;
  readonly ratio: Spread | undefined;
  /** The ratio of the series' rival. undefined: it has none, or the rival is not installed. */
  readonly rivalRatio: Spread | undefined;
  /** Whether a promise was not kept, or requests failed. */
  readonly isBroken: boolean;
};

/**
 * Compares the ends of a series, round by round. Growth must be below GROWTH_MUST, or at most that
 * of the rival, whose points are `rivals`; cost must be below the series' `mostUs`.
 */
export function judgeGrowth(
  series: Series,
  points: readonly Point[],
  rivals: readonly Point[] = [],
): Growth {
  const ratio = ratioOf(series, points);
  const rivalRatio = ratioOf(series, rivals);
  const failed = points.length === 0 || points.some(({ errors }) => errors > 0);
  const bound = Math.max(GROWTH_MUST, rivalRatio?.median ?? 0);
  const grows = series.from !== undefined && (ratio?.median ?? Infinity) > bound;
  const costUs = spreadOf([...(points.at(-1)?.cpuUs.values() ?? [])])?.median ?? 0;
  const isDear = series.mostUs !== undefined && costUs > series.mostUs;
  return { series, ratio, rivalRatio, isBroken: failed || grows || isDear };
}

function ratioOf(series: Series, points: readonly Point[]): Spread | undefined {
  const base = points.find(({ size }) => size === (series.from ?? series.sizes[0]));
  const largest = points.at(-1);
  if (base === undefined || largest === undefined) return undefined;
  return ratioSpread(largest.cpuUs, base.cpuUs);
}
