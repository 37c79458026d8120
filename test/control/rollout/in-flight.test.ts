import { expect, test } from "vitest";
import { InFlight } from "../../../control/rollout/in-flight.ts";
import { armOf } from "../analysis/arms.ts";

test("InFlight knows stable's most at once, as a mean of 10 s, and how long requests take", () => {
  const inFlight = new InFlight();
  for (let second = 0; second < 9; second += 1) inFlight.add(armOf(100, 0, 100), armOf(0));
  expect(inFlight.peak).toBeUndefined();
  inFlight.add(armOf(100, 0, 100), armOf(1, 0, 400));
  // A duration is known within 12.5 %.
  expect((inFlight.peak ?? 0) / 10).toBeCloseTo(1, 0);
  expect((inFlight.meanS ?? 0) / 0.1).toBeCloseTo(1, 0);
  const { peak } = inFlight;
  for (let second = 0; second < 20; second += 1) inFlight.add(armOf(10), armOf(10, 0, 400));
  expect([inFlight.peak, inFlight.meanS]).toEqual([peak, expect.closeTo(0.4, 1)]);
  const later = new InFlight(structuredClone(inFlight.state));
  expect([later.peak, later.meanS]).toEqual([inFlight.peak, inFlight.meanS]);
});

test("InFlight of nothing knows nothing", () => {
  const inFlight = new InFlight();
  inFlight.add(armOf(0), armOf(0));
  expect([inFlight.peak, inFlight.meanS]).toEqual([undefined, undefined]);
});
