import { describe, expect, test } from "vitest";
import { RetiredCounts } from "../../../control/workers/retired-counts.ts";
import { WorkerTotals } from "../../../control/views/worker-totals.ts";
import type { VersionStats, WorkerStats } from "../../../proxy/metrics/stats.ts";

/** Counts of one version, all of them `count` or a multiple of it. */
function versionStats(version: string, count: number): VersionStats {
  return {
    service: "web",
    version,
    codes: [0, 0, count, 0, 0, count],
    outcomes: [count, 0, 0, 0, count],
    retries: count,
    retriesCrossed: 2 * count,
    durations: [
      [3, count],
      [count, 1],
    ],
    durationSumMs: 10 * count,
    ejections: count,
    ...(version === "v1" && { calls: [count, 2 * count] }),
    exchangesOpen: 5,
    tunnelsOpen: 2,
  };
}

function workerStats(...versions: readonly VersionStats[]): WorkerStats {
  const endpoint = { service: "web", version: "v1", address: "a:1", ejectedForMs: 0 };
  return {
    versions,
    endpoints: [{ ...endpoint, inFlight: 5, idleConnections: 1 }],
    filters: [{ service: "web", filter: "f", version: "1", failures: [1, 2, 0], answers: 3 }],
    rejected: { "head-timeout": 1, "host-missing": versions.length },
    localReplies: [{ service: "web", errors: { connection_timeout: 2 } }],
    policyCounts: [{ service: "web", counts: { "answer:redirect": 3 } }],
    localFaults: { EMFILE: 3 },
    http2: { client: { streams: 4 }, endpoint: { resetsSent: 5 } },
    connections: { h1: 3, h2: 0, tunnel: 2 },
    revision: 9,
  };
}

describe("RetiredCounts", () => {
  test("is nothing before a worker has gone, or when it never sent counts", () => {
    const retired = new RetiredCounts();
    retired.add(undefined);
    expect(retired.stats()).toEqual([]);
  });

  test("add() sums what is cumulative by version, and forgets what was open", () => {
    const retired = new RetiredCounts();
    retired.add(workerStats(versionStats("v1", 10)));
    retired.add(workerStats(versionStats("v1", 20), versionStats("v2", 1)));
    const [stats] = retired.stats();
    expect(stats).toMatchObject({
      endpoints: [],
      rejected: { "head-timeout": 2, "host-missing": 3 },
      localReplies: [{ service: "web", errors: { connection_timeout: 4 } }],
      policyCounts: [{ service: "web", counts: { "answer:redirect": 6 } }],
      localFaults: { EMFILE: 6 },
      http2: { client: { streams: 8 }, endpoint: { resetsSent: 10 } },
      connections: { h1: 0, h2: 0, tunnel: 0 },
      filters: [{ service: "web", filter: "f", version: "", failures: [2, 4, 0], answers: 6 }],
    });
    expect(stats?.versions).toEqual([
      {
        ...versionStats("v1", 30),
        durations: [
          [3, 30],
          [10, 1],
          [20, 1],
        ],
        exchangesOpen: 0,
        tunnelsOpen: 0,
      },
      { ...versionStats("v2", 1), exchangesOpen: 0, tunnelsOpen: 0 },
    ]);
  });

  test("a worker's end changes no sum", () => {
    const [gone, living] = [workerStats(versionStats("v1", 7)), workerStats(versionStats("v1", 4))];
    const before = new WorkerTotals([gone, living]).version("web", "v1");
    const retired = new RetiredCounts();
    retired.add(gone);
    const after = new WorkerTotals([living, ...retired.stats()]).version("web", "v1");
    expect(after).toEqual({ ...before, exchangesOpen: 5, tunnelsOpen: 2 });
  });

  test("a worker's end changes no sum of tunnels either", () => {
    const tunnels = {
      service: "web",
      version: "v1",
      outcomes: [1, 2],
      durations: [
        [7, 2],
        [9, 1],
      ] as const,
      durationSumMs: 30,
      bytesIn: 4,
      bytesOut: 5,
      failures: { overloaded: 2 },
    };
    const gone = { ...workerStats(), tunnels: [tunnels] };
    const living = { ...workerStats(), tunnels: [{ ...tunnels, bytesIn: 100 }] };
    const before = new WorkerTotals([gone, gone, living]).tunnels("web", "v1");
    const retired = new RetiredCounts();
    retired.add(gone);
    retired.add(gone);
    const after = new WorkerTotals([living, ...retired.stats()]).tunnels("web", "v1");
    expect(after).toEqual(before);
    expect(after).toMatchObject({ outcomes: [3, 6, 0, 0, 0, 0], bytesIn: 108, bytesOut: 15 });
    expect(after?.durations).toEqual([
      [7, 6],
      [9, 3],
    ]);
  });

  test("keeps one entry a version, however many workers go", () => {
    const retired = new RetiredCounts();
    for (let worker = 0; worker < 1_000; worker += 1) {
      retired.add(workerStats(versionStats("v1", 1)));
    }
    expect(retired.stats().map(({ versions }) => versions.length)).toEqual([1]);
    expect(retired.stats()[0]?.versions[0]?.retries).toBe(1_000);
  });
});
