import * as fc from "fast-check";
import { expect, onTestFinished, test, vi } from "vitest";
import { TICK_MS, Timer, TimerWheel } from "../../../proxy/base/timer-wheel.ts";
import { eventually } from "../../support/eventually.ts";
import { manualWheel } from "../../support/manual-wheel.ts";

/** Further away than the wheel has slots. */
const TURN_MS = 512 * TICK_MS;

/** A timer that notes when it fired, and what it does then. */
function recordingTimer(firedMs: number[], andThen: () => void = () => undefined): Timer {
  return new Timer({
    onDeadline: (nowMs) => {
      firedMs.push(nowMs);
      andThen();
    },
  });
}

test.each([1, TICK_MS, 250, 10_000, TURN_MS - TICK_MS, TURN_MS, TURN_MS + 1, 3 * TURN_MS + 50])(
  "TimerWheel.arm(%i) fires once, not early and at most a tick late",
  (afterMs) => {
    const { wheel, nowMs, advance } = manualWheel();
    const beganMs = nowMs();
    const fired: number[] = [];
    wheel.arm(recordingTimer(fired), afterMs);
    advance(afterMs + TURN_MS + TICK_MS);
    expect(fired).toHaveLength(1);
    expect((fired[0] as number) - beganMs).toBeGreaterThanOrEqual(afterMs);
    expect((fired[0] as number) - beganMs).toBeLessThanOrEqual(afterMs + TICK_MS);
  },
);

test("TimerWheel fires in the order of ticks", () => {
  const { wheel, advance } = manualWheel();
  const fired: string[] = [];
  for (const [name, afterMs] of [
    ["c", 900],
    ["a", 200],
    ["b", 500],
  ] as const) {
    wheel.arm(new Timer({ onDeadline: () => fired.push(name) }), afterMs);
  }
  advance(1_000);
  expect(fired).toEqual(["a", "b", "c"]);
});

test("Timer.disarm() keeps it from firing; arming it again counts anew", () => {
  const { wheel, nowMs, advance } = manualWheel();
  const beganMs = nowMs();
  const fired: number[] = [];
  const timer = recordingTimer(fired);
  wheel.arm(timer, 300);
  advance(200);
  timer.disarm();
  advance(1_000);
  expect(fired).toEqual([]);
  wheel.arm(timer, 300);
  advance(1_000);
  expect(fired).toEqual([beganMs + 1_500]);
});

test("Timer.close() keeps it from firing and lets go of its owner", () => {
  const { wheel, advance } = manualWheel();
  const fired: number[] = [];
  const timer = recordingTimer(fired);
  wheel.arm(timer, 300);
  timer.close();
  advance(1_000);
  expect([fired, timer.owner]).toEqual([[], undefined]);
});

test("TimerWheel.arm() with Infinity disarms", () => {
  const { wheel, advance } = manualWheel();
  const fired: number[] = [];
  const timer = recordingTimer(fired);
  wheel.arm(timer, 300);
  wheel.arm(timer, Infinity);
  advance(2 * TURN_MS);
  expect(fired).toEqual([]);
});

test("Expiring.onDeadline() may arm the timer again", () => {
  const { wheel, nowMs, advance } = manualWheel();
  const beganMs = nowMs();
  const fired: number[] = [];
  const timer: Timer = recordingTimer(fired, () => wheel.arm(timer, 200));
  wheel.arm(timer, 200);
  advance(700);
  expect(fired.map((firedMs) => firedMs - beganMs)).toEqual([200, 400, 600]);
});

test("TimerWheel catches up at once after a stop longer than a turn", () => {
  const { wheel, nowMs, jump, advance } = manualWheel();
  const fired: number[] = [];
  for (const afterMs of [100, 5_000, TURN_MS - 200, TURN_MS, 2 * TURN_MS]) {
    wheel.arm(recordingTimer(fired), afterMs);
  }
  jump(3 * TURN_MS);
  expect(fired).toEqual(Array(5).fill(nowMs()));
  advance(TURN_MS);
  expect(fired).toHaveLength(5);
});

test("TimerWheel.close() stops everything", () => {
  const { wheel, advance } = manualWheel();
  const fired: number[] = [];
  wheel.arm(recordingTimer(fired), 300);
  wheel.close();
  advance(1_000);
  expect(fired).toEqual([]);
});

const step = fc.oneof(
  fc.record({ kind: fc.constant("arm"), ms: fc.integer({ min: 0, max: 3 * TURN_MS }) }),
  fc.record({ kind: fc.constant("arm"), ms: fc.integer({ min: 0, max: 1_000 }) }),
  fc.record({ kind: fc.constant("disarm"), ms: fc.constant(0) }),
  fc.record({ kind: fc.constant("advance"), ms: fc.integer({ min: 1, max: 20_000 }) }),
  fc.record({ kind: fc.constant("jump"), ms: fc.integer({ min: 1, max: 2 * TURN_MS }) }),
);

type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

/** One timer through `steps`. Gives what is wrong, if anything. */
function deviation(steps: readonly Step[]): string | undefined {
  const { wheel, nowMs, advance, jump } = manualWheel();
  let wrong: string | undefined;
  /** A model of the timer: its deadline, and from when on it must have fired. */
  let deadlineMs = Infinity;
  const timer = new Timer({
    onDeadline: (firedMs) => {
      if (firedMs < deadlineMs) wrong ??= `fired at ${firedMs}, due at ${deadlineMs}`;
      deadlineMs = Infinity;
    },
  });
  for (const { kind, ms } of steps) {
    if (kind === "arm") arm(wheel, ms);
    else if (kind === "disarm") disarm();
    else (kind === "advance" ? advance : jump)(ms);
    if (deadlineMs + TICK_MS < nowMs()) wrong ??= `due at ${deadlineMs}, now ${nowMs()}`;
  }
  wheel.close();
  return wrong;

  function arm(on: TimerWheel, ms: number): void {
    deadlineMs = on.nowMs + ms;
    on.arm(timer, ms);
  }
  function disarm(): void {
    deadlineMs = Infinity;
    timer.disarm();
  }
}

test("Timer fires once for its last deadline, whatever it is armed to before", () => {
  const runs = fc.check(
    fc.property(fc.array(step, { maxLength: 15 }), (steps) => deviation(steps) === undefined),
    { seed: 11, numRuns: 150 },
  );
  expect(runs.counterexample).toBeNull();
});

test("TimerWheel reads first what has come, where the loop stood still", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  onTestFinished(() => void vi.useRealTimers());
  let nowMs = 1_000_000;
  const clock = { nowMs: () => nowMs, wallMs: () => nowMs, sleep: async () => undefined };
  const wheel = new TimerWheel(clock);
  onTestFinished(() => wheel.close());
  const late = recordingTimer([]);
  const fired: number[] = [];
  const timer = recordingTimer(fired);
  wheel.arm(timer, 500);
  wheel.arm(late, 500);
  const pass = (byMs: number): void => {
    nowMs += byMs;
    vi.advanceTimersByTime(TICK_MS);
  };
  pass(2_000);
  expect([fired, wheel.nowMs]).toEqual([[], nowMs]);
  // What is armed by then counts from now on.
  const next: number[] = [];
  wheel.arm(recordingTimer(next), 300);
  // Its answer is read.
  late.disarm();
  await eventually(() => expect(fired).toEqual([nowMs]));
  expect(next).toEqual([]);
  for (let tick = 0; tick < 4; tick += 1) pass(TICK_MS);
  expect(next).toHaveLength(1);
});

test("TimerWheel.armFromNow() counts from the clock's time, whenever the last tick was", () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  onTestFinished(() => void vi.useRealTimers());
  let nowMs = 1_000_000;
  const clock = { nowMs: () => nowMs, wallMs: () => nowMs, sleep: async () => undefined };
  const wheel = new TimerWheel(clock, (_, then) => then());
  onTestFinished(() => wheel.close());
  const fired: number[] = [];
  nowMs += 900;
  wheel.armFromNow(recordingTimer(fired), 1_000);
  for (let tick = 0; tick < 12; tick += 1) {
    nowMs += TICK_MS;
    vi.advanceTimersByTime(TICK_MS);
  }
  expect(fired).toEqual([1_001_900]);
});
