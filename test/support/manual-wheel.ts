import { onTestFinished, vi } from "vitest";
import { TICK_MS, TimerWheel } from "../../proxy/base/timer-wheel.ts";

/** A timer wheel that stands still until advance(). */
export type ManualWheel = {
  readonly wheel: TimerWheel;
  readonly nowMs: () => number;
  /** Lets time pass all at once, as for a process that was stopped, and ticks once. */
  readonly jump: (byMs: number) => void;
  /** Lets time pass, tick by tick. */
  readonly advance: (byMs: number) => void;
};

const never = (): Promise<void> => new Promise(() => undefined);

/** A wheel driven by a clock that the test turns; timers are faked until the test ends. */
export function manualWheel(startMs = 1_000_000): ManualWheel {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  onTestFinished(() => void vi.useRealTimers());
  let nowMs = startMs;
  // Nothing comes meanwhile that would have to be read first.
  const wheel = new TimerWheel(
    { nowMs: () => nowMs, wallMs: () => nowMs, sleep: never },
    (_, then) => then(),
  );
  onTestFinished(() => wheel.close());
  const jump = (byMs: number): void => {
    nowMs += byMs;
    vi.advanceTimersByTime(TICK_MS);
  };
  const advance = (byMs: number): void => {
    for (let leftMs = byMs; leftMs > 0; leftMs -= TICK_MS) jump(Math.min(leftMs, TICK_MS));
  };
  return { wheel, nowMs: () => nowMs, jump, advance };
}
