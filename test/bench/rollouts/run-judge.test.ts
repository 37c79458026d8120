import { expect, test } from "vitest";
import { runByEvidence } from "../../../bench/rollouts/run-judge.ts";
import { RIVALS, runRival } from "../../../bench/rollouts/run-rival.ts";
import { PRESETS } from "../../../control/analysis/judge-policy.ts";

/*
 * Goal: that the simulated rollouts of bench:judge go as rollouts do. How often each ending comes
 * is the bench's to show.
 */

const SERVICE = { perSecond: 50, baseErrors: 0.001 };

test("runByEvidence() promotes a good canary after its soak, the same for the same seed", () => {
  const outcome = runByEvidence(SERVICE, PRESETS.standard, 1, 900);
  expect(outcome.abortedS).toBe(Infinity);
  expect(outcome.promotedS).toBeGreaterThan(PRESETS.standard.ramp.soakS);
  expect(runByEvidence(SERVICE, PRESETS.standard, 1, 900)).toEqual(outcome);
});

test("runByEvidence() aborts one that fails outright, within seconds", () => {
  const outcome = runByEvidence({ ...SERVICE, defect: { errors: 1 } }, PRESETS.standard, 1, 900);
  expect(outcome.abortedS).toBeLessThan(10);
  expect(outcome.harm).toBeLessThan(40);
});

test.each(Object.keys(RIVALS) as (keyof typeof RIVALS)[])("%s aborts it too, later", (name) => {
  const outcome = runRival(name, { ...SERVICE, defect: { errors: 1 } }, 1);
  expect(outcome.abortedS).toBeGreaterThanOrEqual(240);
  expect(outcome.abortedS).toBeLessThan(Infinity);
});
