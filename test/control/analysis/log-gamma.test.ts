import { expect, test } from "vitest";
import { logGamma } from "../../../control/analysis/log-gamma.ts";

/** The bound on the relative error of `Math.exp(logGamma(x))`. */
const DIGITS = 1e-12;

test("logGamma() is the logarithm of factorials", () => {
  let factorial = 1;
  for (let n = 1; n <= 20; n += 1) {
    expect(Math.abs(Math.exp(logGamma(n)) / factorial - 1)).toBeLessThan(DIGITS);
    factorial *= n;
  }
});

test.each([
  [0.5, Math.sqrt(Math.PI)],
  [1.5, Math.sqrt(Math.PI) / 2],
  [0.25, 3.625_609_908_221_908],
  [1e-9, 999_999_999.422_784_3],
])("logGamma(%f) is that of the function between whole numbers, and near 0", (x, gamma) => {
  expect(Math.abs(Math.exp(logGamma(x)) / gamma - 1)).toBeLessThan(DIGITS);
});

test("logGamma() keeps Γ(x + 1) = x Γ(x) for arguments whose Γ no number can hold", () => {
  for (const x of [171.7, 1e4, 1e6]) {
    expect(logGamma(x + 1) - logGamma(x)).toBeCloseTo(Math.log(x), 7);
  }
});
