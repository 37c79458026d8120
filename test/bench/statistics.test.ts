import { describe, expect, test } from "vitest";
import { percentile, ratioSpread, spreadOf } from "../../bench/statistics.ts";

describe("spreadOf", () => {
  test("takes the middle value, and the ends as range, whatever the order", () => {
    expect(spreadOf([9, 1, 5])).toEqual({ median: 5, min: 1, max: 9 });
  });

  test("takes the mean of the two middle values of an even number", () => {
    expect(spreadOf([10, 2, 4, 8])).toEqual({ median: 6, min: 2, max: 10 });
  });

  test("is undefined for nothing", () => {
    expect(spreadOf([])).toBeUndefined();
  });
});

describe("ratioSpread", () => {
  test("divides within rounds, so that a slow round of both sides changes nothing", () => {
    const own = new Map([
      [1, 10],
      [2, 40],
      [3, 12],
    ]);
    const rival = new Map([
      [1, 20],
      [2, 80],
      [3, 20],
    ]);
    expect(ratioSpread(own, rival)).toEqual({ median: 0.5, min: 0.5, max: 0.6 });
  });

  test("leaves out rounds that one side lacks, and divisors of 0", () => {
    const own = new Map([
      [1, 3],
      [2, 3],
      [3, 3],
    ]);
    const rival = new Map([
      [1, 0],
      [3, 6],
    ]);
    expect(ratioSpread(own, rival)).toEqual({ median: 0.5, min: 0.5, max: 0.5 });
    expect(ratioSpread(own, new Map([[1, 0]]))).toBeUndefined();
  });
});

describe("percentile", () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1);

  test.each([
    [0, 1],
    [0.5, 50],
    [0.99, 99],
    [0.991, 100],
    [1, 100],
  ])("of %d is value %d of one to a hundred", (share, value) => {
    expect(percentile(hundred, share)).toBe(value);
  });

  test("throws when there are no values", () => {
    expect(() => percentile([], 0.5)).toThrow(RangeError);
  });
});
