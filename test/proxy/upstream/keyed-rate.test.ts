import fc from "fast-check";
import { expect, test } from "vitest";
import { seededRandom } from "../../../proxy/base/random.ts";
import { KeyedRate } from "../../../proxy/upstream/keyed-rate.ts";

function rate(requests: number, perS: number, keysMax = 100): KeyedRate {
  return new KeyedRate({ requests, perS, by: undefined, keysMax }, seededRandom(5));
}

test("KeyedRate takes as many at once as its limit says, and one more for each part of it", () => {
  const limited = rate(10, 1);
  const taken = Array.from({ length: 12 }, () => limited.take("a", 5_000));
  expect(taken).toEqual([...Array.from({ length: 10 }, () => true), false, false]);
  expect([limited.remaining, limited.resetMs, limited.retryMs]).toEqual([0, 1_000, 100]);
  expect([limited.take("a", 5_099), limited.take("a", 5_100), limited.take("a", 5_100)]).toEqual([
    false,
    true,
    false,
  ]);
});

test("KeyedRate says what is left, and when all of it is back", () => {
  const limited = rate(4, 8);
  limited.take("a", 0);
  expect([limited.remaining, limited.resetMs, limited.retryMs]).toEqual([3, 2_000, 0]);
  limited.take("a", 1_000);
  expect([limited.remaining, limited.resetMs]).toEqual([2, 3_000]);
  limited.take("a", 60_000);
  expect([limited.remaining, limited.resetMs]).toEqual([3, 2_000]);
});

test("KeyedRate counts keys apart, and forgets whoever has not come for longest", () => {
  const limited = rate(1, 60, 2);
  expect(["a", "b", "a", "b"].map((key) => limited.take(key, 0))).toEqual([
    true,
    true,
    false,
    false,
  ]);
  limited.take("a", 1);
  expect(limited.take("c", 2)).toBe(true);
  expect(limited.size).toBe(2);
  expect([limited.take("a", 3), limited.take("b", 3)]).toEqual([false, true]);
});

test("KeyedRate lets at most twice its limit through in any window", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 50 }),
      fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 300 }),
      (requests, pauses) => {
        const limited = rate(requests, 2);
        let nowMs = 0;
        const takenAt: number[] = [];
        for (const pause of pauses) {
          nowMs += pause;
          if (limited.take("a", nowMs)) takenAt.push(nowMs);
        }
        for (const [index, startMs] of takenAt.entries()) {
          const inWindow = takenAt.slice(index).filter((at) => at < startMs + 2_000).length;
          expect(inWindow).toBeLessThanOrEqual(2 * requests);
        }
        const long = nowMs / 2_000 + 1;
        expect(takenAt.length).toBeLessThanOrEqual(Math.ceil(requests * long));
      },
    ),
    { seed: 3, numRuns: 300 },
  );
});
