/** A figure measured in several rounds: the middle one, and how far from it the others lie. */
export type Spread = { readonly median: number; readonly min: number; readonly max: number };

/** Median and range of `values`, in any order. undefined: there are none. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined;
  const sorted = values.toSorted((a, b) => a - b);
  return {
    median: medianOfSorted(sorted),
    min: sorted[0] as number,
    max: sorted.at(-1) as number,
  };
}

/**
 * Spread of the ratios of two figures, taken round by round: what disturbs the machine for a while
 * disturbs both sides of a pair. Rounds that only one side has, and divisors of 0, are left out.
 * undefined: nothing is left.
 */
export function ratioSpread(
  dividends: ReadonlyMap<number, number>,
  divisors: ReadonlyMap<number, number>,
): Spread | undefined {
  const ratios = [...dividends].flatMap(([round, dividend]) => {
    const divisor = divisors.get(round);
    return divisor === undefined || divisor === 0 ? [] : [dividend / divisor];
  });
  return spreadOf(ratios);
}

/**
 * The value at or below which `share` (0 … 1) of the sorted values lie, by nearest rank.
 * @throws RangeError when there are none.
 */
export function percentile(sorted: readonly number[], share: number): number {
  const rank = Math.max(Math.ceil(sorted.length * share), 1);
  const value = sorted[Math.min(rank, sorted.length) - 1];
  if (value === undefined)
    throw new RangeError("Cannot take a percentile: wanted values, found none");
  return value;
}

function medianOfSorted(sorted: readonly number[]): number {
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}
