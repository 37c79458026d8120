import { describe, expect, test } from "vitest";
import { pause } from "../../../proxy/base/clock.ts";
import { ManualClock } from "../../support/manual-clock.ts";

describe("pause()", () => {
  test("resolves when its time is over, not sooner", async () => {
    const clock = new ManualClock();
    const done: string[] = [];
    const paused = pause(clock, 100, new AbortController().signal).then(() => done.push("over"));
    await clock.advance(99);
    expect(done).toEqual([]);
    await clock.advance(1);
    await paused;
    expect(done).toEqual(["over"]);
  });

  test("resolves at once when it is aborted, before or meanwhile", async () => {
    const clock = new ManualClock();
    const ending = new AbortController();
    const paused = pause(clock, 100, ending.signal);
    ending.abort();
    await expect(paused).resolves.toBeUndefined();
    await expect(pause(clock, 100, ending.signal)).resolves.toBeUndefined();
    expect(clock.sleeping).toBe(0);
  });
});
