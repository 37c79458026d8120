import fc from "fast-check";
import { expect, test } from "vitest";
import { areInForce, weightsAt } from "../../../control/rollout/rollout-weights.ts";
import { WEIGHT_MAX } from "../../../proxy/table/snapshot.ts";

const PAIR = { from: "v1", to: "v2" };

test.each([
  [{ v1: 100, v2: 0 }, 0.002, { v1: 9_980, v2: 20 }],
  [{ v1: 1, v2: 0 }, 0.5, { v1: 5_000, v2: 5_000 }],
  [{ v1: 90, v2: 0, other: 10 }, 0.1, { v1: 81_000, v2: 9_000, other: 10_000 }],
  [{ v1: 100, v2: 0 }, 0, { v1: 100, v2: 0 }],
  [{ v1: 90, v2: 0, other: 10 }, 1, { v1: 0, v2: 90, other: 10 }],
])("weightsAt(%j, %d) is %j", (before, share, weights) => {
  expect(weightsAt(before, PAIR, share)).toEqual(weights);
});

test("weightsAt() keeps the others' proportions and gives nobody nothing, within bounds", () => {
  const weight = fc.integer({ min: 1, max: WEIGHT_MAX });
  const share = fc.double({ min: 0.001, max: 0.999, noNaN: true });
  const check = (v1: number, other: number, part: number): void => {
    const weights = weightsAt({ v1, v2: 0, other }, PAIR, part) as Record<
      "v1" | "v2" | "other",
      number
    >;
    expect(Math.max(...Object.values(weights))).toBeLessThanOrEqual(WEIGHT_MAX);
    if (v1 > 1) expect(Math.min(weights.v1, weights.v2)).toBeGreaterThan(0);
    expect((weights.v1 + weights.v2) * other).toBe(weights.other * v1);
  };
  fc.assert(fc.property(weight, weight, share, check), { seed: 5, numRuns: 500 });
});

test("areInForce() does not ask for versions that are gone, nor mind those that have come", () => {
  expect(areInForce({ v1: 1, gone: 2 }, { v1: 1, new: 3 })).toBe(true);
  expect(areInForce({ v1: 1 }, { v1: 2 })).toBe(false);
});
