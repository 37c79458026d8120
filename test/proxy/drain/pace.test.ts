import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../../proxy/base/random.ts";
import { keepPace, Pace } from "../../../proxy/drain/pace.ts";
import { ManualClock } from "../../support/manual-clock.ts";

/*
 * Goal: no second has more turns than the rate allows, whatever the event loop does, and a free
 * loop gets the whole rate. Method: the loop wakes after random times, with stalls among them.
 */

/** The most moments that any second holds, its end excluded. */
function mostInASecond(momentsMs: readonly number[]): number {
  let most = 0;
  let first = 0;
  momentsMs.forEach((moment, at) => {
    while (moment - (momentsMs[first] as number) >= 1000) first += 1;
    most = Math.max(most, at - first + 1);
  });
  return most;
}

/** When turns were taken by somebody who looks after each of these waits. */
function takenAt(pace: Pace, waitsMs: readonly number[]): number[] {
  const moments: number[] = [];
  let nowMs = 0;
  for (const waitMs of waitsMs) {
    nowMs += waitMs;
    while (pace.take(nowMs)) moments.push(nowMs);
  }
  return moments;
}

describe("Pace.take()", () => {
  test("gives at most 1.05 × rate + 2 turns in any second, also after stalls", () => {
    const waits = fc.oneof(
      { weight: 20, arbitrary: fc.double({ min: 0, max: 20, noNaN: true }) },
      { weight: 1, arbitrary: fc.double({ min: 100, max: 3_000, noNaN: true }) },
    );
    const rates = fc.constantFrom(0.5, 1, 7, 33.3, 200, 5_000);
    fc.assert(
      fc.property(
        rates,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.array(waits, { minLength: 50, maxLength: 400 }),
        fc.integer(),
        (rate, jitter, waitsMs, seed) => {
          const pace = new Pace(rate, jitter, seededRandom(seed), 0);
          expect(mostInASecond(takenAt(pace, waitsMs))).toBeLessThanOrEqual(1.05 * rate + 2);
        },
      ),
      { seed: 200, numRuns: 300 },
    );
  });

  test.each([0, 1])("gives the whole rate to a loop that keeps up (jitter %d)", (jitter) => {
    const pace = new Pace(200, jitter, seededRandom(1), 0);
    const moments = takenAt(pace, Array<number>(10_000).fill(1));
    expect(Math.abs(moments.length - 2_000)).toBeLessThanOrEqual(1);
  });

  test("spreads turns over their interval", () => {
    const pace = new Pace(10, 1, seededRandom(1), 0);
    const moments = takenAt(pace, Array<number>(100_000).fill(1));
    const places = moments.map((moment, at) => moment - at * 100);
    expect(Math.min(...places)).toBeLessThan(5);
    expect(Math.max(...places)).toBeGreaterThan(95);
    expect(places.reduce((sum, each) => sum + each, 0) / places.length).toBeCloseTo(50, -1);
  });

  test("never comes at a rate of 0, and goes on at the next one without making up for it", () => {
    const pace = new Pace(0, 1, seededRandom(1), 0);
    expect([pace.nextMs, pace.take(1e9)]).toEqual([Infinity, false]);
    pace.setRate(100, 1e9);
    expect(takenAt(pace, [1e9]).length).toBeLessThanOrEqual(6);
  });
});

describe("keepPace()", () => {
  test("ticks every 100 ms although no turn comes, and stops when it is told to", async () => {
    const clock = new ManualClock();
    const stopped = new AbortController();
    const seen: string[] = [];
    const work = {
      tick: (nowMs: number) => void seen.push(`tick ${nowMs}`),
      turn: () => seen.push(`turn ${clock.nowMs()}`) > 0,
    };
    const kept = keepPace(work, new Pace(4, 0, seededRandom(1), 0), clock, stopped.signal);
    await clock.advance(299);
    expect(seen).toEqual(["tick 0", "turn 0", "tick 100", "tick 200", "tick 250", "turn 250"]);
    stopped.abort();
    await kept;
    await clock.advance(1_000);
    expect(seen).toHaveLength(6);
  });
});
