import { expect, test } from "vitest";
import { trafficBetween } from "../../../control/views/traffic-stats.ts";
import type { TrafficSample } from "../../../control/views/traffic-stats.ts";
import { WorkerTotals } from "../../../control/views/worker-totals.ts";
import { bucketOf, bucketUpperMs } from "../../../proxy/metrics/histogram.ts";
import type { VersionStats, WorkerStats } from "../../../proxy/metrics/stats.ts";
import { oneWorker } from "../../support/worker-stats.ts";

const WEB = { name: "web", versions: [{ name: "v1" }, { name: "v2" }] };
const TCP = { name: "web", tcp: {} as never, versions: [{ name: "v1" }] };

const QUIET = {
  codes: [0, 0, 0, 0, 0, 0],
  outcomes: [0, 0, 0, 0, 0, 0],
  durations: [],
  exchangesOpen: 0,
  tunnelsOpen: 0,
};

/** A worker that has counted this of versions, and nothing else. */
function worker(versions: Readonly<Record<string, Partial<VersionStats>>>): WorkerStats {
  const [like] = oneWorker().versions;
  return {
    ...oneWorker(),
    localReplies: [],
    tunnels: [],
    versions: Object.entries(versions).map(([version, counts]) => {
      return { ...(like as VersionStats), ...QUIET, ...counts, version };
    }),
  };
}

function sample(takenMs: number, ...workers: readonly WorkerStats[]): TrafficSample {
  return { takenMs, totals: new WorkerTotals(workers) };
}

test("trafficBetween() gives rates, parts and quantiles of what was counted in between", () => {
  const before = worker({ v1: { codes: [0, 0, 100, 0, 0, 0], durations: [[bucketOf(900), 50]] } });
  const now = worker({
    v1: {
      codes: [1, 0, 180, 0, 14, 5],
      outcomes: [88, 1, 2, 3, 6, 7],
      durations: [
        [bucketOf(900), 50],
        [bucketOf(2), 97],
        [bucketOf(7), 2],
        [bucketOf(40), 1],
      ],
      exchangesOpen: 3,
      tunnelsOpen: 2,
    },
  });
  const { web } = trafficBetween(sample(0, before), sample(4_000, now), [WEB]);
  expect(web).toEqual({
    rate: 25,
    errors: 0.05,
    p50Ms: bucketUpperMs(bucketOf(2)),
    p95Ms: bucketUpperMs(bucketOf(2)),
    p99Ms: bucketUpperMs(bucketOf(7)),
    open: 3,
    tunnels: 2,
    unserved: 0,
    versions: { v1: expect.objectContaining({ rate: 25, errors: 0.05, failures: 0.12 }) },
  });
});

test("trafficBetween() adds up versions and workers, and errors of our own", () => {
  const codes = [0, 0, 30, 0, 0, 0];
  const durations = [[bucketOf(2), 30]] as const;
  const one = worker({ v1: { codes, durations }, v2: { codes: [0, 0, 0, 0, 0, 10] } });
  const two = {
    ...worker({ v1: { codes, durations } }),
    localReplies: [
      { service: "web", errors: { destination_unavailable: 30 } },
      { service: "shop", errors: { destination_unavailable: 1_000 } },
    ],
  };
  const { web } = trafficBetween(sample(0), sample(10_000, one, two), [WEB]);
  expect(web).toMatchObject({ rate: 10, errors: 0.4, unserved: 3 });
  expect(web?.versions).toMatchObject({ v1: { rate: 6, errors: 0 }, v2: { rate: 1, errors: 1 } });
  expect(web?.p99Ms).toBe(bucketUpperMs(bucketOf(2)));
});

test("trafficBetween() leaves out what had nothing and has nothing open", () => {
  const idle = worker({ v1: { codes: [0, 0, 7, 0, 0, 0] } });
  expect(trafficBetween(sample(0, idle), sample(1_000, idle), [WEB])).toEqual({});
  const open = worker({ v1: { codes: [0, 0, 7, 0, 0, 0] }, v2: { tunnelsOpen: 1 } });
  const { web } = trafficBetween(sample(0, idle), sample(1_000, open), [WEB]);
  expect(web).toEqual({
    rate: 0,
    errors: 0,
    open: 0,
    tunnels: 1,
    unserved: 0,
    versions: { v2: { rate: 0, errors: 0, failures: 0, open: 0, tunnels: 1 } },
  });
});

test("trafficBetween() tells of a service that only errors of our own were answered for", () => {
  const refusing = {
    ...worker({}),
    localReplies: [{ service: "web", errors: { destination_unavailable: 5 } }],
  };
  const { web } = trafficBetween(sample(0), sample(1_000, refusing), [WEB]);
  expect(web).toMatchObject({ rate: 5, errors: 1, unserved: 5, versions: {} });
});

test("trafficBetween() counts connections of kind tcp, and those without an endpoint", () => {
  const tunnels = {
    service: "web",
    version: "v1",
    outcomes: [12, 3, 2, 0, 0, 0],
    durations: [[40, 4]] as const,
    durationSumMs: 500,
    bytesIn: 0,
    bytesOut: 0,
    failures: { "no-endpoint": 2, overloaded: 1 },
  };
  const now = { ...worker({ v1: { tunnelsOpen: 9 } }), tunnels: [tunnels] };
  const { web } = trafficBetween(sample(0), sample(2_000, now), [TCP]);
  expect(web).toMatchObject({ rate: 10, errors: 0.25, tunnels: 9 });
  expect(web).not.toHaveProperty("p50Ms");
  expect(web?.versions["v1"]).toMatchObject({ rate: 10, errors: 0.25, failures: 0.25 });
});

test("trafficBetween() never tells less than nothing, nor a rate without end", () => {
  const more = worker({ v1: { codes: [0, 0, 50, 0, 0, 0], durations: [[3, 50]] } });
  const less = worker({ v1: { codes: [0, 0, 10, 0, 0, 0], durations: [[3, 10]], tunnelsOpen: 1 } });
  const { web } = trafficBetween(sample(0, more), sample(1_000, less), [WEB]);
  expect(web).toMatchObject({ rate: 0, errors: 0 });
  const at = trafficBetween(sample(5, less), sample(5, more), [WEB])["web"];
  expect(at?.rate).toBe(40_000);
});
