import type {
  ConcurrencyStats,
  EndpointStats,
  FlowStats,
  TunnelStats,
  VersionStats,
} from "../metrics/stats.ts";
import type { PoolStats } from "../metrics/pool-stats.ts";
import type { Endpoint } from "./endpoint.ts";
import type { VersionPool } from "./version-pool.ts";

/** What is told of these, without what has nothing to tell. */
export function poolStats(pools: readonly VersionPool[], nowMs: number): PoolStats {
  return {
    versions: pools.filter(hasCounts).map(versionOf),
    endpoints: pools.flatMap((pool) => endpointsOf(pool, nowMs)),
    tunnels: pools.filter(({ counters }) => counters.tunnels.touched).map(tunnelsOf),
    concurrency: pools.filter(hasTurns).map(concurrencyOf),
    flows: pools.filter(hasFlow).map(flowOf),
  };
}

function hasCounts({ inFlight, isPanic, counters }: VersionPool): boolean {
  return inFlight > 0 || isPanic || counters.touched;
}

function versionOf({ service, version, isPanic, inFlight, counters }: VersionPool): VersionStats {
  return { ...counters.stats(service, version, inFlight), ...(isPanic && { isPanic }) };
}

function tunnelsOf({ service, version, counters }: VersionPool): TunnelStats {
  return { service, version, ...counters.tunnels.counts() };
}

/** Latency sets its limit, or somebody waits for a turn. */
function hasTurns({ isAdaptive, turns }: VersionPool): boolean {
  return isAdaptive || turns.size > 0;
}

function concurrencyOf(pool: VersionPool): ConcurrencyStats {
  const { service, version, isAdaptive, limit, turns } = pool;
  const set = isAdaptive ? Math.floor(limit) : undefined;
  return { service, version, limit: set, waiting: turns.size };
}

/** It has had exchanges, or connections. */
function hasFlow({ connections, line, counters }: VersionPool): boolean {
  return connections > 0 || line.size > 0 || counters.touched;
}

function flowOf(pool: VersionPool): FlowStats {
  const { service, version, connections, line, counters } = pool;
  const idle = [...pool.endpoints.values()].reduce((sum, each) => sum + pool.idleCount(each), 0);
  return { service, version, ...counters.flow.counts(), connections, idle, pending: line.size };
}

/** Those that are in use, connected or ejected, or have been tried. */
function endpointsOf(pool: VersionPool, nowMs: number): EndpointStats[] {
  return [...pool.endpoints.values()]
    .filter((endpoint) => hasNews(pool, endpoint))
    .map((endpoint) => endpointOf(pool, endpoint, nowMs));
}

function hasNews(pool: VersionPool, endpoint: Endpoint): boolean {
  const { inFlight, ejectedUntilMs, wells, bads } = endpoint;
  return inFlight + ejectedUntilMs + wells + bads > 0 || pool.idleCount(endpoint) > 0;
}

function endpointOf(pool: VersionPool, endpoint: Endpoint, nowMs: number): EndpointStats {
  return {
    service: pool.service,
    version: pool.version,
    address: endpoint.address,
    inFlight: endpoint.inFlight,
    idleConnections: pool.idleCount(endpoint),
    ejectedForMs: Math.max(0, endpoint.ejectedUntilMs - nowMs),
    attempts: [endpoint.wells, endpoint.bads],
  };
}
