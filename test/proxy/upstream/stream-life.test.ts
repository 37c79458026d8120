import { expect, test } from "vitest";
import type { KeepAlive } from "../../../proxy/table/snapshot.ts";
import { StreamLife } from "../../../proxy/upstream/stream-life.ts";

const DEFAULTS = { idleMs: undefined, requests: 0, ageMs: 0, off: false, pingMs: 0 };

function life(keepAlive: Partial<KeepAlive> = {}): StreamLife {
  return new StreamLife(() => ({ ...DEFAULTS, ...keepAlive }), 1_000);
}

test.each<[string, Partial<KeepAlive>, number, number, boolean]>([
  ["never by itself", {}, 1_000_000, 1e9, false],
  ["by its requests", { requests: 3 }, 2, 1_000, false],
  ["by its requests", { requests: 3 }, 3, 1_000, true],
  ["by its age", { ageMs: 500 }, 0, 1_499, false],
  ["by its age", { ageMs: 500 }, 0, 1_500, true],
  ["by one, if connections are off", { off: true }, 0, 1_000, false],
  ["by one, if connections are off", { off: true }, 1, 1_000, true],
])("StreamLife is spent %s (%j, %d exchanges at %d: %s)", (_, keepAlive, carried, nowMs, is) => {
  expect(life(keepAlive).isSpentAt(carried, nowMs)).toBe(is);
});

test("StreamLife has rested after a minute, or when it is told", () => {
  expect([60_999, 61_000].map((nowMs) => life().hasRested(nowMs))).toEqual([false, true]);
  const short = life({ idleMs: 200 });
  short.restsSinceMs = 5_000;
  expect([5_199, 5_200].map((nowMs) => short.hasRested(nowMs))).toEqual([false, true]);
});

test("StreamLife asks an endpoint that is silent under load, and gives it up after 20 s", () => {
  const endpoint = { pingPendingSinceMs: 0, pings: 0, ping: () => (endpoint.pings += 1) > 0 };
  const each = life({ pingMs: 6_000 });
  expect(each.isDead(endpoint, true, 6_999)).toBe(false);
  expect(each.isDead(endpoint, false, 90_000)).toBe(false);
  expect(endpoint.pings).toBe(0);
  expect(each.isDead(endpoint, true, 7_000)).toBe(false);
  expect(endpoint.pings).toBe(1);
  endpoint.pingPendingSinceMs = 7_000;
  expect([26_999, 27_000].map((nowMs) => each.isDead(endpoint, true, nowMs))).toEqual([
    false,
    true,
  ]);
  expect(endpoint.pings).toBe(1);
  endpoint.pingPendingSinceMs = 0;
  expect(life().isDead(endpoint, true, 1e9)).toBe(false);
  expect(endpoint.pings).toBe(1);
});
