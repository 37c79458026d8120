import type { WorkerStats } from "./stats.ts";

/** What a worker counts by version and endpoint: the part that grows with what has traffic. */
export type PoolStats = Required<
  Pick<WorkerStats, "versions" | "endpoints" | "tunnels" | "concurrency" | "flows">
>;

/** What several say, of different services, as one. */
export function joinedStats(parts: readonly Partial<PoolStats>[]): PoolStats {
  return {
    versions: parts.flatMap(({ versions = [] }) => versions),
    endpoints: parts.flatMap(({ endpoints = [] }) => endpoints),
    tunnels: parts.flatMap(({ tunnels = [] }) => tunnels),
    concurrency: parts.flatMap(({ concurrency = [] }) => concurrency),
    flows: parts.flatMap(({ flows = [] }) => flows),
  };
}
