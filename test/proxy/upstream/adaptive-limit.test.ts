import { expect, test } from "vitest";
import { seededRandom } from "../../../proxy/base/random.ts";
import { ADAPTIVE_LIMIT_MIN } from "../../../proxy/table/priority.ts";
import { AdaptiveLimit } from "../../../proxy/upstream/adaptive-limit.ts";

/*
 * Goal: the limit finds what a version can take. Method: a version that works on `width` exchanges
 * at once, so that more only share its time, is simulated under as many as the limit lets in.
 */

type World = { readonly width: number; readonly idleMs: number; readonly offered: number };

/** Runs for so long; gives the limits in force over its second half. */
function limitsIn(limit: AdaptiveLimit, world: World, fromMs: number, forMs: number): number[] {
  const random = seededRandom(3);
  const seen: number[] = [];
  for (let nowMs = fromMs; nowMs < fromMs + forMs; nowMs += 10) {
    const inFlight = Math.min(world.offered, Math.floor(limit.limit));
    const latencyMs = world.idleMs * Math.max(1, inFlight / world.width);
    // As many end in these 10 ms as fit into them.
    const ended = (inFlight * 10) / latencyMs + random.next();
    for (let count = 1; count <= ended; count += 1) {
      limit.sample(latencyMs * (0.8 + 0.4 * random.next()), inFlight, nowMs);
    }
    if (nowMs >= fromMs + forMs / 2) seen.push(limit.limit);
  }
  return seen;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}

test.each([
  { width: 16, idleMs: 20 },
  { width: 100, idleMs: 5 },
  { width: 50, idleMs: 200 },
])("AdaptiveLimit under overload finds about what a version takes: %j", ({ width, idleMs }) => {
  const limit = new AdaptiveLimit(10_000, 0);
  const found = median(limitsIn(limit, { width, idleMs, offered: 5_000 }, 0, 240_000));
  expect(found).toBeGreaterThan(width);
  expect(found).toBeLessThan(3.5 * width);
});

test("AdaptiveLimit follows a version that gets slower, and one that recovers", () => {
  const limit = new AdaptiveLimit(10_000, 0);
  const fast = { width: 100, idleMs: 10, offered: 5_000 };
  const before = median(limitsIn(limit, fast, 0, 120_000));
  const slow = median(limitsIn(limit, { ...fast, width: 20 }, 120_000, 240_000));
  expect(slow).toBeLessThan(before / 2);
  const after = median(limitsIn(limit, fast, 360_000, 240_000));
  expect(after).toBeGreaterThan(2 * slow);
});

test("AdaptiveLimit does not grow where it is not reached, nor fall where latency stays", () => {
  const limit = new AdaptiveLimit(10_000, 0);
  const seen = limitsIn(limit, { width: 1_000, idleMs: 20, offered: 10 }, 0, 60_000);
  expect(new Set(seen)).toEqual(new Set([32]));
});

test("AdaptiveLimit keeps between its bounds, whatever it sees", () => {
  const low = new AdaptiveLimit(50, 0);
  expect(Math.max(...limitsIn(low, { width: 500, idleMs: 1, offered: 500 }, 0, 60_000))).toBe(50);
  const overloaded = limitsIn(low, { width: 1, idleMs: 1_000, offered: 500 }, 60_000, 600_000);
  expect(Math.min(...overloaded)).toBeGreaterThanOrEqual(ADAPTIVE_LIMIT_MIN);
  low.follow(20);
  expect(low.limit).toBeLessThanOrEqual(20);
  const tiny = new AdaptiveLimit(3, 0);
  expect(tiny.limit).toBe(3);
});
