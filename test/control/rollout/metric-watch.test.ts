import { expect, onTestFinished, test } from "vitest";
import type { MetricReading } from "../../../control/rollout/metric-limits.ts";
import { MetricWatch } from "../../../control/rollout/metric-watch.ts";
import { ManualClock } from "../../support/manual-clock.ts";

const LIMIT = { name: "orders", min: 5, max: undefined, everyMs: 10_000, failures: 2 };
const ABOUT = { service: "web", from: "v1", to: "v2" };

test("MetricWatch reads again and again, counts what is bad, and lets a gap age", async () => {
  const clock = new ManualClock();
  const values: (number | string)[] = [7, 3, 2, "answered 502", 9];
  const source = {
    read: () => {
      const value = values.shift();
      return typeof value === "number" ? Promise.resolve(value) : Promise.reject(new Error(value));
    },
  };
  const watch = new MetricWatch([LIMIT], new Map([["orders", source]]), ABOUT, clock);
  onTestFinished(() => watch.end());
  expect(watch.readings).toEqual([]);
  const seen: (readonly MetricReading[])[] = [];
  for (let looks = 0; looks < 5; looks += 1) {
    await clock.advance(looks === 0 ? 0 : 10_000);
    seen.push(watch.readings);
  }
  expect(seen.flat().map(({ value, ageMs, bad }) => [value, ageMs, bad])).toEqual([
    [7, 0, 0],
    [3, 0, 1],
    [2, 0, 2],
    [2, 10_000, 2],
    [9, 0, 0],
  ]);
  expect(seen[3]?.[0]?.problem).toBe("answered 502");
});

test("MetricWatch says so where the file does not name it", async () => {
  const clock = new ManualClock();
  const watch = new MetricWatch([LIMIT], new Map(), ABOUT, clock);
  onTestFinished(() => watch.end());
  await clock.advance(0);
  expect(watch.readings[0]?.problem).toContain("does not name it");
});
