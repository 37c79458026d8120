import { expect, test } from "vitest";
import { ToldRate } from "../../../control/base/told-rate.ts";
import { ManualClock } from "../../support/manual-clock.ts";

test("ToldRate lets some through at once, then single ones, and counts the others", async () => {
  const clock = new ManualClock();
  const rate = new ToldRate({ burst: 3, everyMs: 1_000 }, clock);
  const take = (count: number): (number | undefined)[] =>
    Array.from({ length: count }, () => rate.take());
  expect(take(5)).toEqual([0, 0, 0, undefined, undefined]);
  await clock.advance(999);
  expect(take(1)).toEqual([undefined]);
  await clock.advance(1);
  expect(take(2)).toEqual([3, undefined]);
  // It never holds more than a burst.
  await clock.advance(60_000);
  expect(take(5)).toEqual([1, 0, 0, undefined, undefined]);
});
