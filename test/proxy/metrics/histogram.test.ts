import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  BUCKET_COUNT,
  addedBuckets,
  bucketOf,
  bucketUpperMs,
  quantileMs,
  sparseBuckets,
} from "../../../proxy/metrics/histogram.ts";

/** Longest duration that is told apart. */
const LONGEST_US = 2 ** 30 - 1;

/** A duration in the middle of a microsecond, so that no rounding moves it to another one. */
function durationMs(microseconds: number): number {
  return (microseconds + 0.5) / 1_000;
}

test("bucketUpperMs() of a bucket is where the next one begins", () => {
  for (let index = 0; index < BUCKET_COUNT - 1; index += 1) {
    const upperUs = Math.round(bucketUpperMs(index) * 1_000);
    expect([bucketOf(durationMs(upperUs - 1)), bucketOf(durationMs(upperUs))]).toEqual([
      index,
      index + 1,
    ]);
  }
});

test("bucketOf() tells whole microseconds apart below 16, then eighths of a power of two", () => {
  const us = [0, 1, 7, 8, 15, 16, 17, 18, 31, 32, 36, 1_000, 1_024, 1_151, 1_152];
  expect(us.map((each) => bucketOf(durationMs(each)))).toEqual([
    0, 1, 7, 8, 15, 16, 16, 17, 23, 24, 25, 63, 64, 64, 65,
  ]);
});

test("bucketOf() knows every duration within 12.5 %", () => {
  const runs = fc.check(
    fc.property(fc.integer({ min: 8, max: LONGEST_US }), (us) => {
      const upperUs = bucketUpperMs(bucketOf(durationMs(us))) * 1_000;
      return upperUs > us && upperUs - us <= us / 8 + 1e-6;
    }),
    { seed: 5, numRuns: 2_000 },
  );
  expect(runs.counterexample).toBeNull();
});

test("bucketOf() counts what is too short as 0 and what is too long as the longest", () => {
  expect([-5, -0, 0].map(bucketOf)).toEqual([0, 0, 0]);
  const last = BUCKET_COUNT - 1;
  expect([durationMs(LONGEST_US - 1), 1e9, Infinity].map(bucketOf)).toEqual([last, last, last]);
});

test("bucketUpperMs() has every power of two from 1 µs on among its values", () => {
  const bounds = new Set(Array.from({ length: BUCKET_COUNT }, (_, index) => bucketUpperMs(index)));
  const missing = Array.from({ length: 31 }, (_, power) => 2 ** power / 1_000).filter(
    (bound) => !bounds.has(bound),
  );
  expect(missing).toEqual([]);
});

test("quantileMs() gives the bound that so many values lie under", () => {
  const counts = Array.from({ length: BUCKET_COUNT }, () => 0);
  expect(quantileMs(counts, 0.5)).toBe(0);
  counts[3] = 90;
  counts[10] = 9;
  counts[20] = 1;
  const bounds = [0, 0.5, 0.9, 0.91, 0.99, 0.991, 1].map((part) => quantileMs(counts, part));
  const [low, middle, high] = [bucketUpperMs(3), bucketUpperMs(10), bucketUpperMs(20)];
  expect(bounds).toEqual([low, low, low, middle, middle, high, high]);
});

test("sparseBuckets() leaves out what is 0, and addedBuckets() adds by bucket", () => {
  const one = sparseBuckets(Float64Array.of(0, 2, 0, 5));
  expect([one, sparseBuckets()]).toEqual([
    [
      [1, 2],
      [3, 5],
    ],
    [],
  ]);
  expect(
    addedBuckets(one, [
      [3, 1],
      [0, 4],
    ]),
  ).toEqual([
    [1, 2],
    [3, 6],
    [0, 4],
  ]);
});
