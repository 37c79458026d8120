import { describe, expect, test } from "vitest";
import { flatnessOf } from "../../../bench/soak/flatness.ts";

const ALLOWANCE = { factor: 1.1, slack: 5 };

function series(value: (index: number) => number): readonly number[] {
  return Array.from({ length: 100 }, (_, index) => value(index));
}

describe("flatnessOf()", () => {
  test("a steady series is flat", () => {
    const flatness = flatnessOf(
      series((index) => 100 + (index % 3)),
      ALLOWANCE,
    );
    expect(flatness).toEqual({ from: 101, to: 101, max: 102, isFlat: true });
  });

  test("a leak is not", () => {
    expect(
      flatnessOf(
        series((index) => 100 + index / 2),
        ALLOWANCE,
      )?.isFlat,
    ).toBe(false);
  });

  test("what grows in the warm-up only is flat", () => {
    expect(
      flatnessOf(
        series((index) => Math.min(index * 10, 200)),
        ALLOWANCE,
      )?.isFlat,
    ).toBe(true);
  });

  test("one spike is shown and does not count", () => {
    const flatness = flatnessOf(
      series((index) => (index === 95 ? 9_000 : 100)),
      ALLOWANCE,
    );
    expect(flatness).toMatchObject({ to: 100, max: 9_000, isFlat: true });
  });

  test("slack is for figures near 0", () => {
    const grows = series((index) => (index < 50 ? 1 : 6));
    expect(flatnessOf(grows, ALLOWANCE)?.isFlat).toBe(true);
    expect(flatnessOf(grows, { factor: 1.1, slack: 4 })?.isFlat).toBe(false);
  });

  test("too few values say nothing", () => {
    expect(flatnessOf([1, 2], ALLOWANCE)).toBeUndefined();
  });
});
