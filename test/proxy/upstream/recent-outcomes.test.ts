import { expect, test } from "vitest";
import type { EjectionPolicy } from "../../../proxy/table/endpoint-policy.ts";
import { RecentOutcomes, failsTooOften } from "../../../proxy/upstream/recent-outcomes.ts";

const POLICY: EjectionPolicy = {
  consecutive: 5,
  baseTimeMs: 1_000,
  maxTimeMs: 1_000,
  maxPercent: 50,
  failurePercent: 25,
  windowMs: 10_000,
  samples: 20,
};

test("RecentOutcomes forgets what is older than its window, and keeps half of it", () => {
  const outcomes = new RecentOutcomes();
  const seen = (): readonly number[] => [outcomes.attempts, outcomes.failures];
  outcomes.count(20_000, 10_000, true);
  outcomes.count(24_999, 10_000, false);
  expect(seen()).toEqual([2, 1]);
  outcomes.count(25_000, 10_000, true);
  expect(seen()).toEqual([3, 2]);
  outcomes.count(30_000, 10_000, false);
  expect(seen()).toEqual([2, 1]);
  outcomes.count(50_000, 10_000, true);
  expect(seen()).toEqual([1, 1]);
  outcomes.clear();
  expect(seen()).toEqual([0, 0]);
});

test.each([
  ["a quarter, where the others are well", [20, 5], [60, 5], true],
  ["less than a quarter", [21, 5], [60, 5], false],
  ["too few attempts", [19, 19], [60, 19], false],
  ["too few attempts of the others", [20, 20], [39, 20], false],
  ["twice as often as the others", [20, 10], [40, 15], true],
  ["hardly less than twice as often", [20, 10], [40, 16], false],
] as const)("failsTooOften() of %s", (_, own, all, expected) => {
  const counts = ([attempts, failures]: readonly [number, number]) => ({ attempts, failures });
  expect(failsTooOften(counts(own), counts(all), POLICY)).toBe(expected);
  expect(failsTooOften(counts(own), counts(all), { ...POLICY, failurePercent: 0 })).toBe(false);
});
