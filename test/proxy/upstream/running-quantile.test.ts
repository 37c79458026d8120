import { expect, test } from "vitest";
import { seededRandom } from "../../../proxy/base/random.ts";
import { RunningQuantile } from "../../../proxy/upstream/running-quantile.ts";

test("RunningQuantile finds about what 95 of 100 samples are below, and follows them", () => {
  const random = seededRandom(9);
  const quantile = new RunningQuantile(0.95);
  const seen = (scale: number): number => {
    for (let count = 0; count < 5_000; count += 1) quantile.add(scale * random.next());
    return quantile.value ?? 0;
  };
  expect(seen(100)).toBeGreaterThan(80);
  expect(quantile.value).toBeLessThan(110);
  expect(seen(10)).toBeLessThan(11);
  expect(seen(1_000)).toBeGreaterThan(800);
});

test("RunningQuantile says nothing before it has seen enough, and survives zeros", () => {
  const quantile = new RunningQuantile(0.95);
  for (let count = 0; count < 49; count += 1) quantile.add(0);
  expect(quantile.value).toBeUndefined();
  quantile.add(0);
  expect(quantile.value).toBeGreaterThanOrEqual(-0.01);
  for (let count = 0; count < 2_000; count += 1) quantile.add(50);
  expect(quantile.value).toBeGreaterThan(40);
});
