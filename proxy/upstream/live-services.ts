import { portions } from "../base/portions.ts";
import type { PoolStats } from "../metrics/pool-stats.ts";
import { RoutingTable } from "../table/routing-table.ts";
import type { ServiceTable } from "../table/service-table.ts";
import { LiveService } from "./live-service.ts";
import type { Http2Counts } from "../http2/counts.ts";
import type { PoolDeps, PoolPolicy } from "./pool-policy.ts";
import { poolStats } from "./told-pools.ts";
import { VersionPool } from "./version-pool.ts";

/** So many versions and endpoints are told of in one go, which takes one to three milliseconds. */
const PORTION_SIZE = 512;

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
   * What tells of services, a portion each; at least one. This is asked for every second, of the
   * process that traffic waits for: it must look neither at each service of a large table, nor at
   * all that have traffic in one go.
   */
  tellers(): (() => PoolStats)[] {
    const parts = portions(this.#told, sizeOf, PORTION_SIZE);
    return (parts.length === 0 ? [[]] : parts).map((part) => () => {
      const pools = part.flatMap((service) => service.pools);
      return poolStats(pools, this.#deps.wheel.nowMs);
    });
  }

  /** Closes all idle upstream connections; what is under way ends by itself. */
  close(): void {
    for (const name of this.#services.keys()) this.#remove(name);
  }

  #allPools(): VersionPool[] {
    return [...this.#services.values()].flatMap((service) => service.pools);
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

function sizeOf({ pools }: LiveService): number {
  return pools.reduce((sum, { endpoints }) => sum + 1 + endpoints.size, 0);
}
