import { expect, test } from "vitest";
import { openAt, RECENT_MS, RecentTraffic } from "../../../control/workers/recent-traffic.ts";
import type { WorkerStats } from "../../../proxy/metrics/stats.ts";
import { oneWorker } from "../../support/worker-stats.ts";

/** A worker that has answered so many requests, and has so many open. */
function worker(answered: number, exchangesOpen = 0, tunnelsOpen = 0): WorkerStats {
  const { versions, ...rest } = oneWorker();
  const codes = [0, 0, answered, 0, 0, 0];
  return {
    ...rest,
    versions: versions.map((each) => ({ ...each, codes, exchangesOpen, tunnelsOpen })),
  };
}

test("RecentTraffic.isBusy() is true for a minute after the last request", () => {
  const traffic = new RecentTraffic();
  traffic.note([worker(5), worker(1)], 1_000);
  expect(traffic.isBusy("web", 1_000)).toBe(true);
  expect(traffic.isBusy("other", 1_000)).toBe(false);
  traffic.note([worker(5), worker(1)], 50_000);
  expect(traffic.isBusy("web", 999 + RECENT_MS)).toBe(true);
  expect(traffic.isBusy("web", 1_000 + RECENT_MS)).toBe(false);
  traffic.note([worker(5), worker(2)], 90_000);
  expect(traffic.isBusy("web", 91_000)).toBe(true);
});

test.each([
  ["an exchange", worker(0, 1)],
  ["a tunnel", worker(0, 0, 1)],
])("RecentTraffic.isBusy() is true as long as %s is open", (_name, stats) => {
  const traffic = new RecentTraffic();
  traffic.note([stats], 0);
  traffic.note([stats], 5 * RECENT_MS);
  expect(traffic.isBusy("web", 5 * RECENT_MS)).toBe(true);
});

test("RecentTraffic takes counts that are gone for no traffic", () => {
  const traffic = new RecentTraffic();
  traffic.note([worker(9)], 0);
  traffic.note([worker(2)], 2 * RECENT_MS);
  expect(traffic.isBusy("web", 2 * RECENT_MS)).toBe(false);
  traffic.note([worker(3)], 3 * RECENT_MS);
  expect(traffic.isBusy("web", 3 * RECENT_MS)).toBe(true);
});

test("RecentTraffic.isDue() is true at first, and then every few seconds", () => {
  const traffic = new RecentTraffic();
  expect(traffic.isDue(0)).toBe(true);
  traffic.note([], 0);
  expect([traffic.isDue(4_999), traffic.isDue(5_000)]).toEqual([false, true]);
});

test("openAt() adds up what is open", () => {
  const open = openAt([worker(9, 1, 2), worker(9, 3, 4)]);
  expect(open.version("web", "v1")).toEqual({ exchangesOpen: 4, tunnelsOpen: 6 });
  expect(open.version("web", "v2")).toEqual({ exchangesOpen: 0, tunnelsOpen: 0 });
});
