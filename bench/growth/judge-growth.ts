import { ratioSpread } from "../statistics.ts";
import type { Spread } from "../statistics.ts";
import type { Point } from "./measure-series.ts";
import { GROWTH_MUST } from "./series.ts";
import type { Series } from "./series.ts";

/** What the largest size of a series costs, as a ratio to the size that the budget names. */
export type Growth = {
  readonly series: Series;
  readonly ratio: Spread | undefined;
  /** A promise that is not kept, or requests that failed. */
  readonly isBroken: boolean;
};

/** Compares the ends of a series, round by round. */
export function judgeGrowth(series: Series, points: readonly Point[]): Growth {
  const base = points.find(({ size }) => size === (series.from ?? series.sizes[0]));
  const largest = points.at(-1);
  const ratio =
    base === undefined || largest === undefined
      ? undefined
      : ratioSpread(largest.cpuUs, base.cpuUs);
  const failed = points.length === 0 || points.some(({ errors }) => errors > 0);
  const grows = series.from !== undefined && (ratio?.median ?? Infinity) > GROWTH_MUST;
  return { series, ratio, isBroken: failed || grows };
}
