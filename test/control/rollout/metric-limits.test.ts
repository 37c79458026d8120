import { expect, test } from "vitest";
import type { MetricReading } from "../../../control/rollout/metric-limits.ts";
import { isOutside, metricBreach } from "../../../control/rollout/metric-limits.ts";
import { RolloutWorld } from "./rollout-world.ts";
import { rolloutOf, verdictOf } from "./specs.ts";

const LIMIT = { name: "orders", min: 5, max: undefined, everyMs: 10_000, failures: 2 };
const READ: MetricReading = { name: "orders", value: 7, ageMs: 0, bad: 0, problem: undefined };
const verdict = verdictOf({});

function world(): RolloutWorld {
  const metrics = [{ name: "orders", min: 5, every: 10_000 }];
  return new RolloutWorld(rolloutOf({ steps: [10], metrics, maxHold: 60_000 }));
}

test("isOutside() takes both limits as inside", () => {
  const range = { ...LIMIT, max: 9 };
  const outside = [4.9, 5, 9, 9.1].map((value) => isOutside(range, value));
  expect(outside).toEqual([true, false, false, true]);
});

test("metricBreach() needs as many bad readings in a row as the limit says", () => {
  const bad = { ...READ, value: 3 };
  expect(metricBreach([LIMIT], [{ ...bad, bad: 1 }])).toBeUndefined();
  expect(metricBreach([LIMIT], [{ ...bad, bad: 2 }])).toEqual({
    rule: "metric",
    text: "orders is 3 and must be at least 5; 2 in a row",
  });
  expect(metricBreach([LIMIT], [])).toBeUndefined();
});

test("A rollout takes a step only with a fresh reading inside the limits", () => {
  const going = world();
  const ticks = [
    [],
    [{ ...READ, value: undefined, problem: "answered 502" }],
    [{ ...READ, ageMs: 30_001 }],
    [{ ...READ, value: 3, bad: 1 }],
  ].map((readings) => going.tick({ verdict, readings }));
  expect(new Set(ticks)).toEqual(new Set(["hold metric-missing"]));
  expect(going.settle({ verdict, readings: [READ] })).toBe("weight settle");
  expect(going.tick({ verdict, readings: [{ ...READ, bad: 2, value: 3 }] })).toBe("abort metric");
});

test("A metric that cannot be had for long makes it inconclusive", () => {
  const going = world();
  going.nowMs += 60_000;
  expect(going.tick({ verdict, readings: [] })).toBe("inconclusive metric-missing");
});
