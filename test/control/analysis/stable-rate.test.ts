import { expect, test } from "vitest";
import { STABLE_PRIOR, StableRate } from "../../../control/analysis/stable-rate.ts";

test("StableRate begins with what is thought beforehand, above 0", () => {
  expect(new StableRate().rate).toBeCloseTo(STABLE_PRIOR.failures / STABLE_PRIOR.requests, 12);
});

test("StableRate follows its long past, and within seconds what is new", () => {
  const rate = new StableRate();
  for (let second = 0; second < 1_000; second += 1) rate.add({ requests: 100, failures: 1 });
  expect(rate.rate).toBeCloseTo(0.01, 3);
  expect(rate.total).toEqual({ requests: 100_000, failures: 1_000 });
  for (let second = 0; second < 5; second += 1) rate.add({ requests: 100, failures: 40 });
  expect(rate.rate).toBeGreaterThan(0.2);
  for (let second = 0; second < 30; second += 1) rate.add({ requests: 100, failures: 1 });
  expect(rate.rate).toBeLessThan(0.02);
});

test("StableRate leans on its long past where the last seconds had few requests", () => {
  const rate = new StableRate();
  rate.add({ requests: 100_000, failures: 100 });
  for (let second = 0; second < 60; second += 1) rate.add({ requests: 0, failures: 0 });
  rate.add({ requests: 2, failures: 1 });
  expect(rate.rate).toBeCloseTo(1.1 / 102, 3);
});

test("StableRate.clone() goes its own way", () => {
  const rate = new StableRate();
  const copy = rate.clone();
  copy.add({ requests: 10, failures: 10 });
  expect(rate.total.requests).toBe(0);
  expect(rate.rate).toBeLessThan(copy.rate);
});
