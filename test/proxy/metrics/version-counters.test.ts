import { expect, test } from "vitest";
import { bucketOf } from "../../../proxy/metrics/histogram.ts";
import { ATTEMPT_OUTCOMES, CODE_CLASSES } from "../../../proxy/metrics/stats.ts";
import { addedCalls, VersionCounters } from "../../../proxy/metrics/version-counters.ts";

function byName(names: readonly string[], counts: readonly number[]): Record<string, number> {
  return Object.fromEntries(names.map((name, index) => [name, counts[index] ?? NaN]));
}

test("VersionCounters.exchange() counts by class of the client's status", () => {
  const counters = new VersionCounters();
  for (const status of [0, 101, 200, 204, 301, 404, 499, 500, 503, 599]) {
    counters.exchange(status, 1);
  }
  const { codes } = counters.stats("web", "v1", 0);
  expect(byName(CODE_CLASSES, codes)).toEqual({
    "0xx": 1,
    "1xx": 1,
    "2xx": 2,
    "3xx": 1,
    "4xx": 2,
    "5xx": 3,
  });
});

test("VersionCounters.exchange() sums durations and counts them by bucket", () => {
  const counters = new VersionCounters();
  for (const durationMs of [0.5, 100, 100, 7]) counters.exchange(200, durationMs);
  const { durations, durationSumMs } = counters.stats("web", "v1", 0);
  expect(durations).toEqual([
    [bucketOf(0.5), 1],
    [bucketOf(7), 1],
    [bucketOf(100), 2],
  ]);
  expect(durationSumMs).toBe(207.5);
});

test("VersionCounters.attempt() counts by outcome", () => {
  const counters = new VersionCounters();
  ATTEMPT_OUTCOMES.forEach((outcome, index) => {
    for (let times = 0; times <= index; times += 1) counters.attempt(outcome);
  });
  const { outcomes } = counters.stats("web", "v1", 0);
  expect(byName(ATTEMPT_OUTCOMES, outcomes)).toEqual({
    ok: 1,
    connect: 2,
    reset: 3,
    timeout: 4,
    "5xx": 5,
    local: 6,
  });
});

test("VersionCounters.retry() tells apart whether the version was left", () => {
  const counters = new VersionCounters();
  for (const crossed of [true, false, false]) counters.retry(crossed);
  const { retries, retriesCrossed } = counters.stats("web", "v1", 0);
  expect({ retries, retriesCrossed }).toEqual({ retries: 2, retriesCrossed: 1 });
});

test("VersionCounters.stats() tells what is under way, and tunnels", () => {
  const counters = new VersionCounters();
  counters.tunnelsOpen = 2;
  counters.ejections = 3;
  const stats = counters.stats("web", "v1", 7);
  expect(stats).toMatchObject({ service: "web", version: "v1", exchangesOpen: 7, tunnelsOpen: 2 });
  expect(stats.ejections).toBe(3);
});

test("VersionCounters.stats() is a copy that later counts do not change", () => {
  const counters = new VersionCounters();
  counters.exchange(200, 1);
  const before = counters.stats("web", "v1", 0);
  counters.exchange(200, 1);
  counters.attempt("ok");
  expect([before.codes[2], before.outcomes[0], before.durations]).toEqual([
    1,
    0,
    [[bucketOf(1), 1]],
  ]);
});

test.each<[string, (counters: VersionCounters) => void]>([
  ["exchange", (counters) => counters.exchange(204, 0)],
  ["attempt", (counters) => counters.attempt("connect")],
  ["tunnel", (counters) => void (counters.tunnelsOpen += 1)],
  ["ejection", (counters) => void (counters.ejections += 1)],
])("VersionCounters.touched is true from the first %s on", (_, count) => {
  const counters = new VersionCounters();
  expect(counters.touched).toBe(false);
  count(counters);
  expect(counters.touched).toBe(true);
});

test("VersionCounters.call() counts calls of gRPC by status, once there are any", () => {
  const counters = new VersionCounters();
  expect(counters.stats("web", "v1", 0).calls).toBe(undefined);
  for (const status of [0, 0, 14, 16, -1]) counters.call(status);
  const { calls = [] } = counters.stats("web", "v1", 0);
  expect([calls.length, calls[0], calls[14], calls[16], calls[17]]).toEqual([18, 2, 1, 1, 1]);
  expect(addedCalls(calls, undefined)).toBe(calls);
  expect(addedCalls(undefined, calls)).toBe(calls);
  expect(addedCalls(calls, calls)?.slice(14)).toEqual([2, 0, 2, 2]);
});
