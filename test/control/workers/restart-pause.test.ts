import { expect, test } from "vitest";
import { RestartPause } from "../../../control/workers/restart-pause.ts";

test("a worker that has lived for a second is replaced at once", () => {
  const pause = new RestartPause();
  expect([pause.after(1_000), pause.after(60_000)]).toEqual([0, 0]);
});

test("each quick end doubles the wait, up to 10 s", () => {
  const pause = new RestartPause();
  const waits = Array.from({ length: 9 }, () => pause.after(999));
  expect(waits).toEqual([200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000, 10_000]);
});

test("a worker that lived long enough makes the ones before forgotten", () => {
  const pause = new RestartPause();
  for (let ends = 0; ends < 5; ends += 1) pause.after(0);
  expect([pause.after(5_000), pause.after(0)]).toEqual([0, 200]);
});
