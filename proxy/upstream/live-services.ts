import type {
  ConcurrencyStats,
  EndpointStats,
  FlowStats,
  TunnelStats,
  VersionStats,
} from "../metrics/stats.ts";
import { RoutingTable } from "../table/routing-table.ts";
import type { ServiceTable } from "../table/service-table.ts";
import type { Endpoint } from "./endpoint.ts";
import { LiveService } from "./live-service.ts";
import type { Http2Counts } from "../http2/counts.ts";
import type { PoolDeps, PoolPolicy } from "./pool-policy.ts";
import { VersionPool } from "./version-pool.ts";

/** For a version that is gone: nothing new, nothing ejected. */
const ORPHAN_POLICY: PoolPolicy = {
  limits: { connections: 0, pending: 0, inFlight: 0, tunnels: 0, streams: 0 },
  ejection: {
    consecutive: 0,
    baseTimeMs: 0,
    maxTimeMs: 0,
    maxPercent: 0,
    failurePercent: 0,
    windowMs: 1,
    samples: 1,
    panicPercent: 0,
  },
  slowStartMs: 0,
  keepAlive: { idleMs: undefined, requests: 0, ageMs: 0, off: true, pingMs: 0 },
  protocol: "http/1.1",
};

/** All services of a worker: the table in force, and what outlives it. */
export class LiveServices {
  readonly #deps: PoolDeps;
  readonly #services = new Map<string, LiveService>();
  /** Those whose counts are told. Most services of a large table may have no traffic here. */
  readonly #told = new Set<LiveService>();
  #table = RoutingTable.empty;

  constructor(deps: PoolDeps) {
    this.#deps = deps;
  }

  get table(): RoutingTable {
    return this.#table;
  }

  /** What connections of HTTP/2 to endpoints have seen. */
  get http2Counts(): Http2Counts {
    return this.#deps.http2Counts;
  }

  /**
   * Puts a table in force for every request that begins after this call. Services that are the same
   * object in both tables are not touched.
   */
  replace(table: RoutingTable): void {
    const old = this.#table;
    for (const [name, service] of table.services) {
      if (old.services.get(name) === service) continue;
      const live = this.#services.get(name);
      if (live === undefined) this.#add(service);
      else this.#update(live, service);
    }
    for (const name of old.services.keys()) {
      if (!table.services.has(name)) this.#remove(name);
    }
    this.#table = table;
  }

  /** Certificates or roots are others: connections made with the old ones are not kept. */
  followTls(): void {
    for (const pool of this.#allPools()) pool.followTls();
  }

  /** The service that a request or a connection is for: its counts are told from now on. */
  enter(name: string): LiveService | undefined {
    const live = this.#services.get(name);
    if (live?.isTold === false) this.#tell(live);
    return live;
  }

  byName(name: string): LiveService | undefined {
    return this.#services.get(name);
  }

  /**
   * The pool of a version. If the table no longer has the version, a separate pool, for what
   * another worker still had open there.
   */
  poolFor(service: string, version: string): VersionPool {
    const pool = this.enter(service)?.pools.find((each) => each.version === version);
    return pool ?? new VersionPool(service, version, ORPHAN_POLICY, this.#deps);
  }

  /**
   * Counts of the versions that have something to report. This is asked for every second, of the
   * process that traffic waits for: it must not look at each service of a large table.
   */
  versionStats(): VersionStats[] {
    return this.#toldPools()
      .filter((pool) => pool.inFlight > 0 || pool.isPanic || pool.counters.touched)
      .map((pool) => {
        const { service, version, isPanic, inFlight, counters } = pool;
        return { ...counters.stats(service, version, inFlight), ...(isPanic && { isPanic }) };
      });
  }

  /** Of the versions whose limit latency sets, or where somebody waits for a turn. */
  concurrencyStats(): ConcurrencyStats[] {
    return this.#toldPools()
      .filter(({ isAdaptive, turns }) => isAdaptive || turns.size > 0)
      .map(({ service, version, isAdaptive, limit, turns }) => {
        const set = isAdaptive ? Math.floor(limit) : undefined;
        return { service, version, limit: set, waiting: turns.size };
      });
  }

  /** Of the versions that have had tunnels. */
  tunnelStats(): TunnelStats[] {
    return this.#toldPools()
      .filter(({ counters }) => counters.tunnels.touched)
      .map(({ service, version, counters }) => {
        return { service, version, ...counters.tunnels.counts() };
      });
  }

  /** Of the versions that have had exchanges, or connections. */
  flowStats(): FlowStats[] {
    return this.#toldPools()
      .filter((pool) => pool.connections > 0 || pool.line.size > 0 || pool.counters.touched)
      .map(flowOf);
  }

  /** Of the endpoints that are in use, connected or ejected, or have been tried. */
  endpointStats(): EndpointStats[] {
    const { nowMs } = this.#deps.wheel;
    return this.#toldPools().flatMap((pool) =>
      [...pool.endpoints.values()]
        .filter((endpoint) => hasNews(pool, endpoint))
        .map((endpoint) => statsOf(pool, endpoint, nowMs)),
    );
  }

  /** Closes all idle upstream connections; what is under way ends by itself. */
  close(): void {
    for (const name of this.#services.keys()) this.#remove(name);
  }

  #allPools(): VersionPool[] {
    return [...this.#services.values()].flatMap((service) => service.pools);
  }

  #toldPools(): VersionPool[] {
    return [...this.#told].flatMap((service) => service.pools);
  }

  #add(service: ServiceTable): void {
    const live = new LiveService(service, this.#deps);
    this.#services.set(service.name, live);
    if (live.hasNews) this.#tell(live);
  }

  #update(live: LiveService, service: ServiceTable): void {
    live.update(service);
    if (live.hasNews) this.#tell(live);
  }

  #tell(live: LiveService): void {
    live.isTold = true;
    this.#told.add(live);
  }

  #remove(name: string): void {
    const live = this.#services.get(name);
    if (live === undefined) return;
    live.close();
    this.#services.delete(name);
    this.#told.delete(live);
  }
}

function flowOf(pool: VersionPool): FlowStats {
  const { service, version, connections, line, counters } = pool;
  const idle = [...pool.endpoints.values()].reduce((sum, each) => sum + pool.idleCount(each), 0);
  return { service, version, ...counters.flow.counts(), connections, idle, pending: line.size };
}

function statsOf(pool: VersionPool, endpoint: Endpoint, nowMs: number): EndpointStats {
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

function hasNews(pool: VersionPool, endpoint: Endpoint): boolean {
  const { inFlight, ejectedUntilMs, wells, bads } = endpoint;
  return inFlight + ejectedUntilMs + wells + bads > 0 || pool.idleCount(endpoint) > 0;
}
