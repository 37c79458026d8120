import { expect, onTestFinished, test, vi } from "vitest";
import { ExactTimer } from "../../../proxy/base/exact-timer.ts";

test("ExactTimer fires once, at the last time it was armed for, unless it is disarmed", () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  let fired = 0;
  const timer = new ExactTimer(() => (fired += 1));
  timer.disarm();
  timer.arm(5);
  timer.arm(20);
  vi.advanceTimersByTime(19);
  expect(fired).toBe(0);
  vi.advanceTimersByTime(100);
  expect(fired).toBe(1);
  timer.arm(5);
  timer.disarm();
  vi.advanceTimersByTime(100);
  expect(fired).toBe(1);
});
