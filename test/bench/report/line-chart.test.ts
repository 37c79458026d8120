import { describe, expect, test } from "vitest";
import { lineChart, niceStep } from "../../../bench/report/line-chart.ts";

const CHART = {
  title: "Cost & growth",
  unit: "µs",
  note: "here <and> now",
  lines: [
    {
      title: "services",
      points: [
        { x: 0, y: 10 },
        { x: 10_000, y: 20 },
      ],
    },
    {
      title: "routes",
      points: [
        { x: 0, y: 10 },
        { x: 10_000, y: 20 },
      ],
    },
  ],
};

describe("lineChart()", () => {
  const svg = lineChart(CHART);

  test("escapes what it is given", () => {
    expect(svg).toContain("Cost &amp; growth");
    expect(svg).toContain("here &lt;and&gt; now");
  });

  test("begins at 0, so that growth looks no larger than it is", () => {
    // 10 of 20 stands half way between the lower and the upper end of the plot.
    expect(svg).toContain('points="60,190 560,50"');
    expect(svg).toContain(">0</text>");
  });

  test("keeps names apart where lines end at the same place", () => {
    const places = [...svg.matchAll(/y="([\d.]+)"[^>]*>(?:services|routes)</g)];
    expect(places.map(([, y]) => Number(y))).toEqual([54, 72]);
  });

  test("draws nothing but the frame without points", () => {
    expect(lineChart({ ...CHART, lines: [] })).not.toContain("NaN");
  });
});

describe("niceStep", () => {
  test.each([
    [0, 1],
    [6, 1],
    [7, 2],
    [25, 5],
    [60, 10],
    [61, 20],
    [0.3, 0.05],
  ])("of %d is %d", (max, step) => {
    expect(niceStep(max)).toBeCloseTo(step);
  });
});
