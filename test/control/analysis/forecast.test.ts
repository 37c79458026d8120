import { expect, test } from "vitest";
import { Evidence } from "../../../control/analysis/evidence.ts";
import { forecast } from "../../../control/analysis/forecast.ts";
import { PRESETS } from "../../../control/analysis/judge-policy.ts";
import type { RampState } from "../../../control/analysis/next-weight.ts";
import { armOf, secondsOf } from "./arms.ts";

const { judge: policy, ramp } = PRESETS.standard;
const STATE: RampState = { weight: 0.1, stepS: 20, totalS: 20, perSecond: 100, weightMax: 1 };

/** After 20 seconds at 10 %, with so many failures of the canary in each. */
function evidenceAfter(failures: number): Evidence {
  const evidence = new Evidence(policy);
  for (let second = 0; second < 60; second += 1) evidence.remember(armOf(100));
  const canary = armOf(10, failures);
  for (const second of secondsOf(20, { stable: armOf(90), canary, weight: 0.1 })) {
    evidence.add(second);
  }
  return evidence;
}

test("forecast() is the same for the same seed", () => {
  const evidence = evidenceAfter(0);
  expect(forecast(evidence, ramp, STATE, 3)).toEqual(forecast(evidence, ramp, STATE, 3));
});

test("forecast() sees a good canary through, at the end of the soak", () => {
  const seen = forecast(evidenceAfter(0), ramp, STATE, 3);
  expect(seen.promoted).toBeGreaterThan(0.8);
  expect(seen.endS.middle).toBeGreaterThan(100);
  expect(seen.endS.middle).toBeLessThan(200);
  expect(seen.harm.low).toBe(0);
  expect(seen.nextWeight).toBeGreaterThan(STATE.weight);
});

test("forecast() sees that a bad canary will be out soon, and what it costs", () => {
  const evidence = evidenceAfter(0);
  for (const second of secondsOf(1, { stable: armOf(90), canary: armOf(10, 2), weight: 0.1 })) {
    evidence.add(second);
  }
  const seen = forecast(evidence, ramp, STATE, 3);
  expect(seen.aborted).toBeGreaterThan(0.5);
  expect(seen.harm.high).toBeGreaterThan(seen.harm.low);
});

test("forecast() changes nothing of what it looks at", () => {
  const evidence = evidenceAfter(0);
  const before = evidence.against;
  forecast(evidence, ramp, STATE, 3);
  expect(evidence.against).toBe(before);
});
