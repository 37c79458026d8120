import { describe, expect, test } from "vitest";
import { Evidence } from "../../../control/analysis/evidence.ts";
import { PRESETS } from "../../../control/analysis/judge-policy.ts";
import type { Arm, Counts } from "../../../control/analysis/second.ts";
import { armOf, secondsOf } from "./arms.ts";

const { judge: policy } = PRESETS.standard;

function evidenceOf(seconds: ReturnType<typeof secondsOf>): Evidence {
  const evidence = new Evidence(policy);
  for (let second = 0; second < 60; second += 1) evidence.remember(armOf(100));
  for (const second of seconds) evidence.add(second);
  return evidence;
}

/** A canary of four endpoints. */
function endpointsArm(failures: readonly number[]): Arm {
  const endpoints: Counts[] = failures.map((failed) => ({ requests: 10, failures: failed }));
  const sum = failures.reduce((total, failed) => total + failed, 0);
  return { ...armOf(10 * failures.length, sum), endpoints };
}

describe("Evidence.bad", () => {
  test("needs more than one endpoint of several", () => {
    const stable = armOf(100);
    const alone = secondsOf(20, { stable, canary: endpointsArm([5, 0, 0, 0]) });
    const everywhere = secondsOf(20, { stable, canary: endpointsArm([2, 1, 1, 1]) });
    expect(evidenceOf(alone).bad).toBe(false);
    expect(evidenceOf(everywhere).bad).toBe(true);
  });

  test("needs some failures of the canary", () => {
    const two = secondsOf(1, { stable: armOf(1_000), canary: armOf(2, 2), weight: 0.002 });
    expect(evidenceOf(two).against).toBeGreaterThan(evidenceOf(two).limit);
    expect(evidenceOf(two).bad).toBe(false);
  });

  test("counts a user who fails again and again once", () => {
    const canary = { ...armOf(20, 10), failingKeys: 1 };
    expect(evidenceOf(secondsOf(1, { stable: armOf(20), canary })).bad).toBe(false);
    expect(evidenceOf(secondsOf(1, { stable: armOf(20), canary: armOf(20, 10) })).bad).toBe(true);
  });

  test("is not fooled by what hits both versions", () => {
    const outage = secondsOf(60, { stable: armOf(50, 25), canary: armOf(50, 25) });
    expect(evidenceOf(outage).bad).toBe(false);
  });

  test("finds a route that fails among others that do not", () => {
    const route = (failures: number): readonly Counts[] => [
      { requests: 97, failures: 0 },
      { requests: 3, failures },
    ];
    const canary = { ...armOf(100, 1), routes: route(1) };
    const seconds = secondsOf(30, { stable: { ...armOf(100), routes: route(0) }, canary });
    expect(evidenceOf(seconds).bad).toBe(true);
  });
});

test("Evidence starts afresh at each step, so that what breaks late is found as fast", () => {
  const good = secondsOf(100, { stable: armOf(100), canary: armOf(100), step: 0 });
  const bad = secondsOf(3, { stable: armOf(100), canary: armOf(100, 10), step: 1 });
  expect(evidenceOf([...good, ...bad]).bad).toBe(true);
});
