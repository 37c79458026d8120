import { describe, expect, test } from "vitest";
import { orLate } from "../../../proxy/base/deadline.ts";
import { ManualClock } from "../../support/manual-clock.ts";

const forever = new Promise<never>(() => undefined);

describe("orLate()", () => {
  test("gives what the work gives, and waits for nothing more", async () => {
    const clock = new ManualClock();
    await expect(orLate(Promise.resolve("done"), 1_000, clock, () => "late")).resolves.toBe("done");
    expect(clock.sleeping).toBe(0);
  });

  test("throws what the work throws", async () => {
    const clock = new ManualClock();
    const failing = Promise.reject(new Error("broken"));
    await expect(orLate(failing, 1_000, clock, () => "late")).rejects.toThrow("broken");
    expect(clock.sleeping).toBe(0);
  });

  test("gives what `late` gives once the time is over", async () => {
    const clock = new ManualClock();
    const result = orLate(forever, 1_000, clock, () => "late");
    await clock.advance(1_000);
    await expect(result).resolves.toBe("late");
  });

  test("throws what `late` throws", async () => {
    const clock = new ManualClock();
    const result = orLate(forever, 1_000, clock, () => {
      throw new RangeError("too late");
    });
    const refusal = expect(result).rejects.toThrow("too late");
    await clock.advance(1_000);
    await refusal;
  });

  test("throws the signal's reason as soon as it is aborted", async () => {
    const clock = new ManualClock();
    const ending = new AbortController();
    const result = orLate(forever, 1_000, clock, () => "late", ending.signal);
    const refusal = expect(result).rejects.toThrow("leaving");
    ending.abort(new Error("leaving"));
    await refusal;
    expect(clock.sleeping).toBe(0);
  });
});
