import { expect, test } from "vitest";
import { StablePast } from "../../../control/analysis/stable-past.ts";
import { bucketOf } from "../../../proxy/metrics/histogram.ts";
import { armOf } from "./arms.ts";

test("StablePast.bucketAt() gives the bucket whose upper bound is nearest to the quantile", () => {
  const past = new StablePast();
  past.add(armOf(500, 0, 10).latencies);
  past.add(armOf(400, 0, 20).latencies);
  past.add(armOf(100, 0, 40).latencies);
  const slow = (quantile: number): number => Math.round(past.above(past.bucketAt(quantile)));
  expect([slow(0.45), slow(0.9), slow(0.99)]).toEqual([493, 100, 0]);
  expect(past.bucketAt(0.45)).toBeLessThan(bucketOf(20));
});

test("StablePast.bucketBelow() leaves some requests above, though all are alike", () => {
  const past = new StablePast();
  past.add(armOf(1_000, 0, 10).latencies);
  expect(past.bucketAt(0.99)).toBe(bucketOf(10));
  expect(past.bucketBelow(0.99)).toBe(bucketOf(10) - 1);
});

test("StablePast forgets what is older than a minute, or 3 000 requests", () => {
  const past = new StablePast();
  past.add(armOf(100, 0, 10).latencies);
  for (let second = 0; second < 300; second += 1) past.add(armOf(100, 0, 50).latencies);
  expect(past.total).toBeGreaterThan(5_800);
  expect(past.total).toBeLessThan(6_001);
  expect(past.above(bucketOf(10))).toBeGreaterThan(0.999 * past.total);
});
