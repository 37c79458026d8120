import { describe, expect, test } from "vitest";
import { PRESETS } from "../../../control/analysis/judge-policy.ts";
import type { RolloutPolicy } from "../../../control/analysis/judge-policy.ts";

const presets: readonly [string, RolloutPolicy][] = Object.entries(PRESETS);

describe.each(presets)("The preset %s", (_, { judge, ramp, patience }) => {
  test("gives all of alpha away, and no more", () => {
    const parts = [judge.errors, ...judge.latency].map(({ part }) => part);
    expect(parts.reduce((sum, part) => sum + part, 0)).toBeCloseTo(1, 12);
  });

  test("has a ladder that rises between 0 and 1, by no more than its growth allows", () => {
    const { ladder, growthMax } = ramp;
    const steps = ladder.map((weight, index) => weight / (ladder[index - 1] ?? weight / 2));
    expect(steps.filter((step) => step <= 1 || step > growthMax)).toEqual([]);
    expect([ladder[0], ladder.at(-1)].every((weight = 0) => weight > 0 && weight < 1)).toBe(true);
  });

  test("demands only latencies that it measures", () => {
    expect(ramp.mustBeFine.filter((index) => judge.latency[index] === undefined)).toEqual([]);
  });

  test("waits for evidence longer than it soaks", () => {
    expect(patience.holdMaxS).toBeGreaterThan(ramp.soakS);
  });
});

test("The presets differ in nothing but how long a canary is watched", () => {
  const { careful, standard, fast } = PRESETS;
  const times = [careful, standard, fast].map(({ ramp }) => [ramp.soakS, ramp.settleS]);
  expect(times).toEqual([
    [600, 20],
    [120, 10],
    [30, 5],
  ]);
  const { soakS, settleS } = standard.ramp;
  for (const preset of [careful, fast]) {
    expect({ ...preset, ramp: { ...preset.ramp, soakS, settleS } }).toEqual(standard);
  }
});
