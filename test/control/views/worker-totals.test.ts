import { expect, test } from "vitest";
import { WorkerTotals } from "../../../control/views/worker-totals.ts";
import { BUCKET_COUNT } from "../../../proxy/metrics/histogram.ts";
import type { WorkerStats } from "../../../proxy/metrics/stats.ts";
import { oneWorker } from "../../support/worker-stats.ts";

/** A worker whose only filter is `headers` in this version. */
function withFilter(version: string): WorkerStats {
  const filters = oneWorker().filters.map((each) => ({ ...each, version }));
  return { ...oneWorker(), filters };
}

test("WorkerTotals add up what each worker counts of a version", () => {
  const totals = new WorkerTotals([oneWorker(), oneWorker()]).version("web", "v1");
  expect(totals).toMatchObject({
    codes: [2, 0, 200, 0, 6, 8],
    outcomes: [200, 2, 4, 6, 8, 0],
    retries: 10,
    retriesCrossed: 12,
    durationSumMs: 50,
    ejections: 2,
    exchangesOpen: 6,
    tunnelsOpen: 2,
  });
  expect(totals.durations).toHaveLength(BUCKET_COUNT);
  expect([totals.durations[0], totals.durations[1], totals.durations[80]]).toEqual([4, 0, 6]);
});

test("WorkerTotals add up connections and refused messages, by reason", () => {
  const other = { ...oneWorker(), rejected: { bad_host: 1, too_large: 3 } };
  const totals = new WorkerTotals([oneWorker(), other]);
  expect(totals.connections).toEqual({ h1: 10, h2: 0, tunnel: 2 });
  expect([...totals.rejected]).toEqual([
    ["bad_host", 3],
    ["too_large", 3],
  ]);
});

test("WorkerTotals know how many workers ejected an endpoint, and until when at most", () => {
  const workers = [0, 4_000, 1_000].map((ejectedForMs) => oneWorker({ ejectedForMs }));
  expect(new WorkerTotals(workers).endpoint("web", "v1", "10.0.0.5:3000")).toEqual({
    inFlight: 6,
    idleConnections: 0,
    ejectedBy: 2,
    ejectedForMs: 4_000,
  });
});

test("WorkerTotals know how many workers panic at a version", () => {
  const well = oneWorker();
  const versions = well.versions.map((version) => ({ ...version, isPanic: true }));
  const { panicBy } = new WorkerTotals([{ ...well, versions }, well]).version("web", "v1");
  expect(panicBy).toBe(1);
});

test("WorkerTotals name each running version of a filter once, but none that did not load", () => {
  const workers = ["1", "", "2", "1"].map(withFilter);
  const { versions, failures, answers } = new WorkerTotals(workers).filter("web", "headers");
  expect(versions).toEqual(["1", "2"]);
  expect([failures, answers]).toEqual([[28, 32, 36], 40]);
});

test("WorkerTotals are zeros for what no worker knows", () => {
  const totals = new WorkerTotals([oneWorker()]);
  expect(totals.version("web", "constructor")).toMatchObject({ exchangesOpen: 0, retries: 0 });
  expect(totals.version("web", "v2").codes).toEqual([0, 0, 0, 0, 0, 0]);
  expect(totals.endpoint("web", "v1", "10.0.0.6:3000").ejectedBy).toBe(0);
  expect(totals.filter("shop", "headers")).toEqual({
    versions: [],
    failures: [0, 0, 0],
    answers: 0,
  });
});

test("WorkerTotals keep names apart that read alike when put together", () => {
  const [version] = oneWorker().versions;
  if (version === undefined) throw new Error("The worker counts no version");
  const named = (service: string, name: string): typeof version => ({
    ...version,
    service,
    version: name,
  });
  const worker = { ...oneWorker(), versions: [named("a", "b.c"), named("a.b", "c")] };
  const totals = new WorkerTotals([worker]);
  expect(totals.version("a", "b.c").exchangesOpen).toBe(3);
  expect(totals.version("a.b", "c").exchangesOpen).toBe(3);
});
