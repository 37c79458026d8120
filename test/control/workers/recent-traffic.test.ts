import { expect, test } from "vitest";
import {
  ejectedBy,
  panicBy,
  openAt,
  RECENT_MS,
  RecentTraffic,
} from "../../../control/workers/recent-traffic.ts";
import type { WorkerStats } from "../../../proxy/metrics/stats.ts";
import { oneWorker } from "../../support/worker-stats.ts";

/** A worker that has answered so many requests, and has so many open. */
function worker(answered: number, exchangesOpen = 0, tunnelsOpen = 0): WorkerStats {
  const { versions, ...rest } = oneWorker();
  const codes = [0, 0, answered, 0, 0, 0];
  return {
    ...rest,
    localReplies: [],
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

/** A worker with these outcomes of attempts so far. */
function attempted(ok: number, failed: number, local = 0): WorkerStats {
  const { versions, ...rest } = oneWorker();
  const outcomes = [ok, failed, 0, 0, failed, local];
  return { ...rest, versions: versions.map((each) => ({ ...each, outcomes })) };
}

test("RecentTraffic.isBusy() counts requests that no version could take", () => {
  const traffic = new RecentTraffic();
  const refused = (count: number): WorkerStats => ({
    ...worker(1),
    versions: [],
    localReplies: [{ service: "web", errors: { destination_unavailable: count } }],
  });
  traffic.note([refused(1)], 0);
  expect(traffic.isBusy("web", 2 * RECENT_MS)).toBe(false);
  traffic.note([refused(2)], 2 * RECENT_MS);
  expect(traffic.isBusy("web", 2 * RECENT_MS)).toBe(true);
});

test("RecentTraffic.failures() counts those since something went well, for a minute", () => {
  const traffic = new RecentTraffic();
  expect(traffic.failures("web", "v1", 0)).toBe(0);
  traffic.note([attempted(5, 2)], 0);
  expect(traffic.failures("web", "v1", 0)).toBe(0);
  traffic.note([attempted(3, 3), attempted(2, 1)], 1_000);
  traffic.note([attempted(3, 5), attempted(2, 1)], 2_000);
  expect(traffic.failures("web", "v1", 2_000)).toBe(8);
  expect(traffic.failures("web", "v2", 2_000)).toBe(0);
  expect(traffic.failures("web", "v1", 2_000 + RECENT_MS)).toBe(0);
  traffic.note([attempted(6, 9)], 3_000);
  expect(traffic.failures("web", "v1", 3_000)).toBe(0);
});

test("RecentTraffic.failures() leaves out faults of our own", () => {
  const traffic = new RecentTraffic();
  traffic.note([attempted(0, 0, 9)], 0);
  expect(traffic.failures("web", "v1", 0)).toBe(0);
});

test("panicBy() counts the workers that use all endpoints of a version", () => {
  const well = oneWorker();
  const panicking = {
    ...well,
    versions: well.versions.map((version) => ({ ...version, isPanic: true })),
  };
  const count = panicBy([panicking, well, panicking]);
  expect([count("web", "v1"), count("web", "v2")]).toEqual([2, 0]);
});

test("ejectedBy() counts the workers that have ejected an endpoint", () => {
  const out = oneWorker({ ejectedForMs: 1 });
  const count = ejectedBy([oneWorker(), out, out]);
  expect(count("web", "v1", "10.0.0.5:3000")).toBe(2);
  expect(count("web", "v2", "10.0.0.5:3000")).toBe(0);
});
