import { expect, test } from "vitest";
import { StepTally } from "../../../control/analysis/step-tally.ts";
import { armOf } from "./arms.ts";

const SECOND = { ageS: 0, stable: armOf(90), canary: armOf(10) };

test("StepTally counts what comes at a weight, and begins again at the next step", () => {
  const tally = new StepTally();
  tally.add({ ...SECOND, step: 1, weight: 0.1 });
  tally.add({ ...SECOND, step: 1, weight: 0.1 });
  expect(tally).toMatchObject({ weight: 0.1, stepS: 2, totalS: 2, canary: 20, stable: 180 });
  tally.begin(2, 0.1);
  expect(tally).toMatchObject({ weight: 0.1, stepS: 0, totalS: 2, canary: 0, stable: 0 });
  tally.add({ ...SECOND, step: 2, weight: 0.1 });
  tally.begin(2, 0.5);
  expect(tally).toMatchObject({ weight: 0.1, stepS: 1, totalS: 3, canary: 10, stable: 90 });
});

test("StepTally knows the requests a second of the last ten, also before the first weight", () => {
  const tally = new StepTally();
  expect(tally.perSecond).toBe(0);
  for (let second = 0; second < 20; second += 1) tally.remember(armOf(1_000));
  expect([tally.perSecond, tally.totalS]).toEqual([1_000, 0]);
  for (let second = 0; second < 5; second += 1) tally.add({ ...SECOND, step: 1, weight: 0.1 });
  expect(tally.perSecond).toBe((5 * 1_000 + 5 * 100) / 10);
});
