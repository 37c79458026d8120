import { array, assert, integer, property } from "fast-check";
import { expect, test } from "vitest";
import { SHARE_PATTERN, weightsForShares } from "../../../control/table/shares.ts";
import { WEIGHT_MAX } from "../../../proxy/table/snapshot.ts";

type Weights = Readonly<Record<string, number>>;

function shared(before: Weights, shares: Readonly<Record<string, string>>): unknown {
  const result = weightsForShares(new Map(Object.entries(before)), new Map(Object.entries(shares)));
  if (result.kind === "weights") return Object.fromEntries(result.weights);
  return `wanted ${result.problem.wanted}, found ${result.problem.found}`;
}

test.each<[Weights, Readonly<Record<string, string>>, Weights | string]>([
  [{ v1: 100, v2: 0 }, { v2: "10%" }, { v1: 90, v2: 10 }],
  [{ v1: 1, v2: 1 }, { v2: "10%" }, { v1: 90, v2: 10 }],
  [{ v1: 60, v2: 20, v3: 20 }, { v3: "50%" }, { v1: 375, v2: 125, v3: 500 }],
  [{ v1: 30, v2: 10, v3: 0 }, { v3: "20%" }, { v1: 60, v2: 20, v3: 20 }],
  [{ v1: 7, v2: 93 }, { v2: "100%" }, { v1: 0, v2: 100 }],
  [{ v1: 7, v2: 93 }, { v2: "0%" }, { v1: 100, v2: 0 }],
  [{ v1: 100, v2: 0 }, { v2: "0.5%" }, { v1: 995, v2: 5 }],
  [{ v1: 100, v2: 0 }, { v2: "0.01%" }, { v1: 9999, v2: 1 }],
  [{ v1: 2, v2: 1, v3: 0 }, { v3: "10%" }, { v1: 60, v2: 30, v3: 10 }],
  [
    { v1: 1, v2: 0 },
    { v1: "30%", v2: "70%" },
    { v1: 30, v2: 70 },
  ],
  [{ v1: 0, v2: 5 }, { v1: "50%" }, { v1: 50, v2: 50 }],
  [{ v1: 5, constructor: 5 }, { constructor: "20%" }, { v1: 80, constructor: 20 }],
  [
    { v1: 1, v2: 1 },
    { v1: "60%", v2: "60%" },
    "wanted shares of at most 100% together, found 120%",
  ],
  [
    { v1: 1, v2: 1 },
    { v1: "60%", v2: "39.5%" },
    "wanted shares of 100% together, as no other version has weight, found 99.5%",
  ],
  [
    { v1: 0, v2: 1 },
    { v2: "10%" },
    "wanted shares of 100% together, as no other version has weight, found 10%",
  ],
])("weightsForShares() of %j with %j is %j", (before, shares, expected) => {
  expect(shared(before, shares)).toEqual(expected);
});

test("weightsForShares() gives what was asked, and keeps proportions, whatever there was", () => {
  const weight = integer({ min: 1, max: WEIGHT_MAX });
  const weights = array(weight, { minLength: 2, maxLength: 8 });
  assert(
    property(weights, integer({ min: 1, max: 9_999 }), (others, parts) => {
      const before = new Map(others.map((each, at) => [`v${at}`, each]));
      const result = weightsForShares(before, new Map([["v0", `${(parts / 100).toFixed(2)}%`]]));
      if (result.kind === "wrong") throw new Error(result.problem.found);
      const after = [...result.weights.values()];
      const sum = after.reduce((total, each) => total + each, 0);
      expect((after[0] ?? 0) / sum).toBeCloseTo(parts / 10_000, 4);
      expect(Math.max(...after)).toBeLessThanOrEqual(WEIGHT_MAX);
      expect(after.every((each) => Number.isInteger(each) && each > 0)).toBe(true);
      const [, left = 0, right = 0] = after;
      const [, from = 0, to = 0] = others;
      if (others.length > 2)
        expect(Math.abs(left * to - right * from) / (from + to)).toBeLessThan(2);
    }),
    { numRuns: 300, seed: 11 },
  );
});

test.each([
  ["10%", true],
  ["0%", true],
  ["100%", true],
  ["99.95%", true],
  ["100.01%", false],
  ["101%", false],
  ["1e1%", false],
  ["%", false],
  ["10", false],
  ["10 %", false],
])("SHARE_PATTERN of %j is %s", (text, fits) => {
  expect(SHARE_PATTERN.test(text)).toBe(fits);
});
