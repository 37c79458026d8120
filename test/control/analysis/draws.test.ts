import { describe, expect, test } from "vitest";
import { Draws } from "../../../control/analysis/draws.ts";
import { seededRandom } from "../../../proxy/base/random.ts";

const COUNT = 20_000;

/** Mean and variance of many draws. */
function moments(draw: (draws: Draws) => number): {
  readonly mean: number;
  readonly variance: number;
} {
  const draws = new Draws(seededRandom(7));
  const values = Array.from({ length: COUNT }, () => draw(draws));
  const mean = values.reduce((sum, value) => sum + value, 0) / COUNT;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / COUNT;
  return { mean, variance };
}

/** Five standard errors of a mean: it fails by chance once in millions of seeds. */
function expectMoments(draw: (draws: Draws) => number, mean: number, variance: number): void {
  const found = moments(draw);
  expect(Math.abs(found.mean - mean)).toBeLessThan(5 * Math.sqrt(variance / COUNT));
  expect(found.variance / variance).toBeGreaterThan(0.93);
  expect(found.variance / variance).toBeLessThan(1.07);
}

describe("Draws", () => {
  test("normal()", () => expectMoments((draws) => draws.normal(), 0, 1));

  test.each([0.5, 1, 7.3])("gamma(%d)", (shape) => {
    expectMoments((draws) => draws.gamma(shape), shape, shape);
  });

  test("beta(2, 6)", () => expectMoments((draws) => draws.beta(2, 6), 0.25, 12 / 64 / 9));

  test.each([0.3, 4, 12, 300])("poisson(%d)", (mean) => {
    expectMoments((draws) => draws.poisson(mean), mean, mean);
  });

  test.each([
    [5, 0.1],
    [2_000, 0.001],
    [100, 0.4],
    [1_000, 0.9],
  ])("binomial(%d, %d)", (n, p) => {
    expectMoments((draws) => draws.binomial(n, p), n * p, n * p * (1 - p));
  });

  test("draws nothing of nothing, and all of what is sure", () => {
    const draws = new Draws(seededRandom(1));
    expect([draws.poisson(0), draws.binomial(0, 0.5), draws.binomial(9, 0)]).toEqual([0, 0, 0]);
    expect(draws.binomial(9, 1)).toBe(9);
  });
});
