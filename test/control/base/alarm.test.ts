import { expect, test } from "vitest";
import { Alarm } from "../../../control/base/alarm.ts";
import { ManualClock } from "../../support/manual-clock.ts";

function bed(): { clock: ManualClock; alarm: Alarm; rung: number[] } {
  const clock = new ManualClock();
  const rung: number[] = [];
  return { clock, alarm: new Alarm(clock, () => void rung.push(clock.nowMs())), rung };
}

test("Alarm rings once, at the earliest of its times", async () => {
  const { clock, alarm, rung } = bed();
  for (const dueMs of [300, 100, 200, Infinity]) alarm.set(dueMs);
  await clock.advance(1_000);
  expect([rung, clock.sleeping]).toEqual([[100], 0]);
});

test("Alarm rings again when it is set again, at once for a time that has passed", async () => {
  const { clock, alarm, rung } = bed();
  alarm.set(100);
  await clock.advance(150);
  alarm.set(120);
  await clock.advance(0);
  expect(rung).toEqual([100, 150]);
});

test("Alarm rings no more once it is stopped", async () => {
  const { clock, alarm, rung } = bed();
  alarm.set(100);
  alarm.stop();
  alarm.set(50);
  await clock.advance(1_000);
  expect([rung, clock.sleeping]).toEqual([[], 0]);
});
