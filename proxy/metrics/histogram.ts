/**
 * Log-linear buckets over whole microseconds (after HdrHistogram): 8 linear steps in each power of
 * two, so a value is known within 12.5 %. Recording is a handful of integer operations.
 */

const STEP_BITS = 3;
const STEPS = 1 << STEP_BITS;
/** Longest duration that is distinguished, about 18 minutes; longer ones count as this. */
const MICROSECONDS_MAX = 2 ** 30 - 1;

/** How many buckets a histogram has. */
export const BUCKET_COUNT = bucketOf(MICROSECONDS_MAX / 1000) + 1;

/** The bucket of a duration in milliseconds; negative durations count as 0. */
export function bucketOf(durationMs: number): number {
  const microseconds = Math.min(Math.max(0, durationMs * 1000), MICROSECONDS_MAX) | 0;
  if (microseconds < STEPS) return microseconds;
  const exponent = 31 - Math.clz32(microseconds);
  const step = (microseconds >>> (exponent - STEP_BITS)) & (STEPS - 1);
  return ((exponent - STEP_BITS + 1) << STEP_BITS) + step;
}

/** The exclusive upper bound of a bucket, in milliseconds. `index`: 0 … BUCKET_COUNT - 1. */
export function bucketUpperMs(index: number): number {
  if (index < STEPS) return (index + 1) / 1000;
  const exponent = (index >>> STEP_BITS) + STEP_BITS - 1;
  const step = index & (STEPS - 1);
  return ((STEPS + step + 1) * 2 ** (exponent - STEP_BITS)) / 1000;
}

/**
 * The smallest bucket bound that at least `quantile` (0 … 1) of all values lie under, in
 * milliseconds. 0 for an empty histogram.
 */
export function quantileMs(counts: ArrayLike<number>, quantile: number): number {
  let total = 0;
  for (let index = 0; index < counts.length; index += 1) total += counts[index] as number;
  let left = Math.max(1, Math.ceil(total * quantile));
  if (total === 0) return 0;
  for (let index = 0; index < counts.length; index += 1) {
    left -= counts[index] as number;
    if (left <= 0) return bucketUpperMs(index);
  }
  return bucketUpperMs(counts.length - 1);
}

/** Counts by bucket, those that are not 0, in the order of the buckets unless said otherwise. */
export type SparseBuckets = readonly (readonly [bucket: number, count: number])[];

/** A histogram as plain data. undefined: one that nothing was ever counted in. */
export function sparseBuckets(counts: ArrayLike<number> = []): SparseBuckets {
  const sparse: [number, number][] = [];
  for (let bucket = 0; bucket < counts.length; bucket += 1) {
    const count = counts[bucket] as number;
    if (count > 0) sparse.push([bucket, count]);
  }
  return sparse;
}

/** The counts of two places, together: those of `one` first, then what only `other` has. */
export function addedBuckets(one: SparseBuckets, other: SparseBuckets): SparseBuckets {
  const sums = new Map(one);
  for (const [bucket, count] of other) sums.set(bucket, (sums.get(bucket) ?? 0) + count);
  return [...sums];
}
