import type { FilterChain } from "../filters/filter-chain.ts";
import { QuotaSequence } from "../table/quota-sequence.ts";
import type { ServiceTable } from "../table/service-table.ts";
import type { VersionTable } from "../table/version-table.ts";
import type { PoolDeps } from "./pool-policy.ts";
import { RateLimits } from "./rate-limits.ts";
import { VersionPool } from "./version-pool.ts";

/**
 * What outlives a service's tables: its pools, the place in its split sequence, its retries under
 * way.
 */
export class LiveService {
  readonly name: string;
  table: ServiceTable;
  /** Keeps its place when weights or endpoints change. */
  readonly quota: QuotaSequence;
  /** Exchanges under way, and those of them that are retries: the retry budget. */
  inFlight = 0;
  retrying = 0;
  /** The filters that new exchanges pass; set by the worker's Filters. undefined: none. */
  filters: FilterChain | undefined;
  /** WebSocket handshakes that were answered, and those of them that did not become a tunnel. */
  upgrades = 0;
  upgradesFailed = 0;
  /** Something has come for it, or it has had something to tell: see LiveServices. */
  isTold = false;
  /** undefined: neither the service nor a route of it has one. */
  rateLimits: RateLimits | undefined;
  readonly #deps: PoolDeps;
  readonly #rateLimits: RateLimits;
  /** In the order of table.versions. */
  #pools: VersionPool[] = [];

  constructor(table: ServiceTable, deps: PoolDeps) {
    this.name = table.name;
    this.table = table;
    this.quota = new QuotaSequence(deps.random);
    this.#deps = deps;
    this.#rateLimits = new RateLimits(deps.random);
    this.update(table);
  }

  get pools(): readonly VersionPool[] {
    return this.#pools;
  }

  /** Whether there is something to tell of it, though nothing may have come for it. */
  get hasNews(): boolean {
    return this.#pools.some(({ isPanic, isAdaptive }) => isPanic || isAdaptive);
  }

  poolOf(version: VersionTable): VersionPool {
    return this.#pools[version.index] as VersionPool;
  }

  /** Whether the version has an endpoint for new work. */
  readonly isUsable = (version: VersionTable): boolean => this.poolOf(version).usableCount > 0;

  /** Whether the retry budget has room (Envoy's budget_percent and min_retry_concurrency). */
  mayRetry(budgetPercent: number, budgetMin: number): boolean {
    return this.retrying < Math.max(budgetMin, (budgetPercent * this.inFlight) / 100);
  }

  /** A WebSocket handshake has been answered, or nobody waits for the answer any more. */
  upgraded(succeeded: boolean): void {
    this.upgrades += 1;
    if (!succeeded) this.upgradesFailed += 1;
  }

  /** Follows a new table: pools are kept by version name. */
  update(table: ServiceTable): void {
    const old = new Map(this.#pools.map((pool) => [pool.version, pool]));
    this.#pools = table.versions.map(({ name }) => {
      const kept = old.get(name);
      old.delete(name);
      return kept ?? new VersionPool(this.name, name, table.snapshot, this.#deps);
    });
    this.table = table;
    this.rateLimits = this.#rateLimits.follow(table.snapshot) ? this.#rateLimits : undefined;
    const hedges = hedgesBySlowness(table);
    for (const version of table.versions) {
      if (hedges) this.poolOf(version).watchLatency();
      this.poolOf(version).update(version.snapshot, table.snapshot);
    }
    for (const pool of old.values()) pool.close();
  }

  /** The service is gone. */
  close(): void {
    for (const pool of this.#pools) pool.close();
  }
}

/** Whether a policy of the service wants to know what takes longer than usual. */
function hedgesBySlowness({ policy, snapshot: { routes } }: ServiceTable): boolean {
  const all = [policy, ...routes.map((route) => route.policy)];
  return all.some(({ hedge }) => hedge !== undefined && hedge.afterMs === undefined);
}
