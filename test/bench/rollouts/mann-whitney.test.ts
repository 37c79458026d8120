import { expect, test } from "vitest";
import { normalQuantile, shiftAt } from "../../../bench/rollouts/mann-whitney.ts";

test("normalQuantile() is the inverse of the normal distribution", () => {
  expect(normalQuantile(0.975)).toBeCloseTo(1.96, 2);
  expect(normalQuantile(0.01)).toBeCloseTo(-2.326, 2);
});

test("shiftAt(0) is the Hodges-Lehmann estimate: the median of all differences", () => {
  const x = [2.1, 3.4, 5.2, 8.9];
  const y = [1.3, 2.2, 2.8];
  const differences = x.flatMap((a) => y.map((b) => a - b)).toSorted((a, b) => a - b);
  const estimate = shiftAt({ x, y }, 0) ?? Number.NaN;
  expect(estimate).toBeGreaterThanOrEqual((differences[5] ?? 0) - 1e-3);
  expect(estimate).toBeLessThanOrEqual((differences[6] ?? 0) + 1e-3);
});

test("shiftAt() knows nothing of values that are all the same", () => {
  expect(shiftAt({ x: [1, 1], y: [1, 1] }, 0)).toBeUndefined();
});
