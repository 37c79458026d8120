import type { WorkerStats } from "../../proxy/metrics/stats.ts";

/** What a worker might count for version v1 of `web` at 10.0.0.5:3000. */
export function oneWorker(endpoint: { readonly ejectedForMs?: number } = {}): WorkerStats {
  return {
    revision: 1,
    rejected: { bad_host: 2 },
    localReplies: [
      { service: "", errors: { destination_not_found: 1 } },
      { service: "web", errors: { connection_timeout: 3 } },
    ],
    policyCounts: [
      {
        service: "web",
        counts: {
          "answer:redirect": 11,
          "fault:delay": 12,
          "limited:route": 13,
          "shed:low": 14,
          "hedge:won": 17,
          "mirror:failed": 18,
        },
      },
    ],
    shadows: [
      { service: "web", compared: 9, different: 2, status: 1, headers: 0, body: 2, samples: [] },
    ],
    concurrency: [{ service: "web", version: "v1", limit: 15, waiting: 16 }],
    localFaults: { EMFILE: 4 },
    http2: {
      client: { streams: 30, resetsReceived: 3, resetsSent: 2, goAwaysSent: 1 },
      endpoint: { streams: 20, goAwaysReceived: 5 },
    },
    connections: { h1: 5, h2: 0, tunnel: 1 },
    endpoints: [
      {
        service: "web",
        version: "v1",
        address: "10.0.0.5:3000",
        inFlight: 2,
        idleConnections: 0,
        ejectedForMs: endpoint.ejectedForMs ?? 0,
        attempts: [20, 3],
      },
    ],
    flows: [
      {
        service: "web",
        version: "v1",
        bytesIn: 700,
        bytesOut: 9_000,
        firstBytes: [[80, 5]],
        firstByteSumMs: 10,
        connections: 6,
        idle: 4,
        pending: 1,
      },
    ],
    usage: { cpuSeconds: 1.5, residentBytes: 1_000, loopDelay: { delays: [[3, 9]], sumMs: 2 } },
    accessLog: { written: 11, dropped: 1 },
    tunnels: [
      {
        service: "web",
        version: "v1",
        outcomes: [3, 1],
        durations: [[40, 4]],
        durationSumMs: 500,
        bytesIn: 600,
        bytesOut: 7_000,
        failures: { "no-endpoint": 2 },
      },
    ],
    filters: [
      { service: "web", filter: "headers", version: "1", failures: [7, 8, 9], answers: 10 },
    ],
    versions: [
      {
        service: "web",
        version: "v1",
        codes: [1, 0, 100, 0, 3, 4],
        outcomes: [100, 1, 2, 3, 4],
        retries: 5,
        retriesCrossed: 6,
        durations: [
          [0, 2],
          [80, 3],
        ],
        durationSumMs: 25,
        ejections: 1,
        calls: [9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 1],
        exchangesOpen: 3,
        tunnelsOpen: 1,
      },
    ],
  };
}
