import { describe, expect, test } from "vitest";
import { judgeGrowth } from "../../../bench/growth/judge-growth.ts";
import type { Point } from "../../../bench/growth/measure-series.ts";
import type { Series } from "../../../bench/growth/series.ts";

const SERVICES: Series = {
  dimension: "services",
  title: "services",
  sizes: [1, 10, 1_000],
  from: 10,
};

function point(size: number, costUs: number, errors = 0): Point {
  const cpuUs = new Map([
    [1, costUs],
    [2, costUs],
  ]);
  return { size, cpuUs, cpu: undefined, idleBytes: 1, usedBytes: 1, errors };
}

describe("judgeGrowth()", () => {
  test("compares the largest size with the one that the budget names", () => {
    const points = [point(1, 5), point(10, 10), point(1_000, 11)];
    const growth = judgeGrowth(SERVICES, points);
    expect(growth.ratio?.median).toBeCloseTo(1.1);
    expect(growth.isBroken).toBe(false);
  });

  test("growth above 10 % is broken", () => {
    const points = [point(1, 5), point(10, 10), point(1_000, 11.2)];
    expect(judgeGrowth(SERVICES, points).isBroken).toBe(true);
  });

  test("growth that the rival has as well is not", () => {
    const points = [point(1, 5), point(10, 10), point(1_000, 15)];
    const rivals = (costUs: number): Point[] => [point(10, 20), point(1_000, costUs)];
    expect(judgeGrowth(SERVICES, points, rivals(30)).isBroken).toBe(false);
    expect(judgeGrowth(SERVICES, points, rivals(30)).rivalRatio?.median).toBe(1.5);
    expect(judgeGrowth(SERVICES, points, rivals(29)).isBroken).toBe(true);
    expect(judgeGrowth(SERVICES, points, rivals(20)).isBroken).toBe(true);
    const flat = [point(1, 5), point(10, 10), point(1_000, 11)];
    expect(judgeGrowth(SERVICES, flat, rivals(20)).isBroken).toBe(false);
  });

  test("failed requests, and a series that did not run, are broken", () => {
    const points = [point(1, 5), point(10, 10, 3), point(1_000, 10)];
    expect(judgeGrowth(SERVICES, points).isBroken).toBe(true);
    expect(judgeGrowth(SERVICES, []).isBroken).toBe(true);
  });

  test("a cost above the series' own bound is broken, and growth below it is not", () => {
    const series = { ...SERVICES, from: undefined, mostUs: 100 };
    expect(judgeGrowth(series, [point(1, 5), point(1_000, 100)]).isBroken).toBe(false);
    expect(judgeGrowth(series, [point(1, 5), point(1_000, 101)]).isBroken).toBe(true);
  });

  test("without a promise growth is shown only", () => {
    const series = { ...SERVICES, from: undefined };
    const growth = judgeGrowth(series, [point(1, 5), point(1_000, 20)]);
    expect(growth.ratio?.median).toBe(4);
    expect(growth.isBroken).toBe(false);
    expect(judgeGrowth(series, []).isBroken).toBe(true);
  });
});
