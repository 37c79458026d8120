import { spreadOf } from "../statistics.ts";

/** How much a figure may grow from the beginning of a soak to its end and still count as flat. */
export type Allowance = {
  /** As a multiple of the beginning. */
  readonly factor: number;
  /**
   * Plus this much, in the figure's unit: what one garbage collection or one reconnect can change.
   */
  readonly slack: number;
};

/** The beginning and the end of a series, and whether it grew. */
export type Flatness = {
  readonly from: number;
  readonly to: number;
  readonly max: number;
  readonly isFlat: boolean;
};

/** The first part of a soak, in which heaps and pools grow to their size, does not count. */
const WARM_UP_SHARE = 0.2;

/**
 * Compares the median of the first third of a series, after its warm-up, with that of the last
 * third: a leak of any size shows if the soak is long enough, and a spike does not count.
 * undefined: fewer than one value for each third.
 */
export function flatnessOf(
  values: readonly number[],
  { factor, slack }: Allowance,
): Flatness | undefined {
  const counted = values.slice(Math.floor(values.length * WARM_UP_SHARE));
  const third = Math.floor(counted.length / 3);
  if (third === 0) return undefined;
  const from = spreadOf(counted.slice(0, third))?.median ?? 0;
  const to = spreadOf(counted.slice(-third))?.median ?? 0;
  return { from, to, max: Math.max(...values), isFlat: to <= from * factor + slack };
}
