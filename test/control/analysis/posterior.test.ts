import { describe, expect, test } from "vitest";
import { Draws } from "../../../control/analysis/draws.ts";
import { drawExcess, drawSlowShare, likelyExcesses } from "../../../control/analysis/posterior.ts";
import type { LikelyExcess, SeenErrors } from "../../../control/analysis/posterior.ts";
import { seededRandom } from "../../../proxy/base/random.ts";

const meanOf = (draw: () => number): number => {
  const values = Array.from({ length: 2_000 }, draw);
  return values.reduce((sum, value) => sum + value, 0) / values.length;
};

function likeliest(seen: SeenErrors): LikelyExcess | undefined {
  return likelyExcesses(seen).toSorted((a, b) => b.probability - a.probability)[0];
}

describe("likelyExcesses()", () => {
  test("are probabilities, whatever has been seen", () => {
    for (const [requests, failures, expected] of [
      [0, 0, 0],
      [1, 1, 0],
      [1e6, 1e6, 1],
      [1e6, 0, 1e3],
    ] as const) {
      const likely = likelyExcesses({ requests, failures, expected });
      expect(likely.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 12);
      expect(likely.every(({ probability }) => probability >= 0)).toBe(true);
    }
  });

  test("are those from before while nothing has been seen: 8 of 10 canaries are good", () => {
    const [none, ...defects] = likelyExcesses({ requests: 0, failures: 0, expected: 0 });
    expect(none).toEqual({ excess: 0, probability: expect.closeTo(0.8, 12) });
    expect(defects.every(({ probability }) => Math.abs(probability - 0.02) < 1e-12)).toBe(true);
  });

  test("end at what the canary really does", () => {
    expect(likeliest({ requests: 10_000, failures: 100, expected: 100 })?.excess).toBe(0);
    expect(likeliest({ requests: 10_000, failures: 310, expected: 100 })?.excess).toBe(0.02);
    expect(likeliest({ requests: 50, failures: 50, expected: 0 })?.excess).toBe(1);
  });

  test("forgive one stray failure", () => {
    expect(likeliest({ requests: 1_000, failures: 1, expected: 0 })?.excess).toBe(0);
    expect(likeliest({ requests: 1_000, failures: 4, expected: 0 })?.excess).not.toBe(0);
  });
});

describe("drawExcess()", () => {
  const likely = [
    { excess: 0, probability: 0.5 },
    { excess: 0.1, probability: 0.5 },
  ];

  test("draws each by its probability, and near its place on the grid", () => {
    const draws = new Draws(seededRandom(1));
    expect(meanOf(() => Number(drawExcess(likely, draws) === 0))).toBeCloseTo(0.5, 1);
    expect(meanOf(() => drawExcess(likely.slice(1), draws))).toBeCloseTo(0.106, 2);
  });

  test("is never more than all requests", () => {
    const draws = new Draws(seededRandom(2));
    const all = [{ excess: 1, probability: 1 }];
    const drawn = Array.from({ length: 200 }, () => drawExcess(all, draws));
    expect(Math.max(...drawn)).toBe(1);
    expect(Math.min(...drawn)).toBeLessThan(0.9);
  });
});

describe("drawSlowShare()", () => {
  const shareAfter = (requests: number, slow: number): number => {
    const draws = new Draws(seededRandom(3));
    return meanOf(() => drawSlowShare({ likeStable: 0.05, requests, slow }, draws));
  };

  test("is mostly stable's before anything has been seen", () => {
    expect(shareAfter(0, 0)).toBeCloseTo(0.05, 1);
  });

  test("stays stable's while the canary is as fast, and ends at what it does", () => {
    expect(shareAfter(10_000, 500)).toBeCloseTo(0.05, 2);
    expect(shareAfter(10_000, 4_000)).toBeCloseTo(0.4, 2);
    expect(shareAfter(10_000, 0)).toBeLessThan(0.001);
  });

  test("is a share where stable has no slow requests, or none else", () => {
    const draws = new Draws(seededRandom(4));
    for (const likeStable of [0, 1]) {
      for (const slow of [0, 100]) {
        const share = drawSlowShare({ likeStable, requests: 100, slow }, draws);
        expect(share).toBeGreaterThanOrEqual(0);
        expect(share).toBeLessThanOrEqual(1);
      }
    }
  });
});
