import { orLate } from "../base/deadline.ts";
import { isDeepStrictEqual } from "node:util";
import type { FilterPreparation, FilterRefusalReport, FilterSpec } from "../table/filter-spec.ts";
import type { FilterStats } from "../metrics/stats.ts";
import { FilterChain } from "./filter-chain.ts";
import type { ChainDeps } from "./filter-chain.ts";
import { FilterRefusal, LoadedFilter } from "./loaded-filter.ts";
import type { ModuleLoader } from "./module-loader.ts";
import { errorText } from "../base/error-text.ts";

/** How long loading, making and checking a filter may take; the primary waits 5 s. */
const LOAD_WAIT_MS = 3_000;

/** Chains by service. undefined: the service has none. */
type Chains = ReadonlyMap<string, FilterChain | undefined>;

/** The services of a table, each with a place for its chain of filters. */
export interface FilteredServices {
  readonly table: { readonly services: ReadonlyMap<string, unknown> };
  byName(name: string): { filters: FilterChain | undefined } | undefined;
}

type Numbered = { readonly number: number; readonly chains: Chains };

/**
 * The filters of a worker: those in force, and those that the primary has had prepared. Requests
 * see nothing of a preparation before it is activated, and then they see all of it.
 */
export class Filters {
  readonly #deps: ChainDeps;
  readonly #loader: ModuleLoader;
  readonly #running = new Map<string, FilterChain>();
  #prepared: Numbered | undefined;
  /** What the last activation put out of force. */
  #replaced: Numbered | undefined;
  /** Resolves when no preparation is under way. undefined: there never was one. */
  idle: Promise<void> | undefined;

  constructor(loader: ModuleLoader, deps: ChainDeps) {
    this.#loader = loader;
    this.#deps = deps;
  }

  /**
   * Loads the filters of a preparation beside those in force. Returns those that cannot be used: a
   * strict preparation with any of these is void; in any other, stand-ins fail every exchange.
   */
  prepare(preparation: FilterPreparation): Promise<readonly FilterRefusalReport[]> {
    const prepared = (this.idle ?? Promise.resolve()).then(() => this.#prepare(preparation));
    this.idle = prepared.then(
      () => undefined,
      () => undefined,
    );
    return prepared;
  }

  /**
   * Puts a preparation in force for every request that begins after this call, and passes the state
   * of each filter to its successor. Returns the filters that could not take over; a service with
   * such a filter keeps all that it had. @throws FilterRefusal when there is no such preparation.
   */
  activate(number: number): readonly FilterRefusalReport[] {
    const prepared = this.#prepared;
    if (prepared?.number !== number) throw new FilterRefusal("the filters were not prepared");
    this.#prepared = undefined;
    const replaced = new Map<string, FilterChain | undefined>();
    const refusals: FilterRefusalReport[] = [];
    for (const [service, chain] of prepared.chains) {
      const before = this.#running.get(service);
      const refusal = handOver(service, before, chain);
      if (refusal === undefined) replaced.set(service, before);
      else refusals.push(refusal);
    }
    for (const service of replaced.keys()) this.#put(service, prepared.chains.get(service));
    this.#replaced = { number, chains: replaced };
    return refusals;
  }

  /** Puts back what the activation of this number replaced, if it is the last one. */
  revert(number: number): void {
    const replaced = this.#replaced;
    if (replaced?.number !== number) return;
    this.#replaced = undefined;
    for (const [service, chain] of replaced.chains) this.#put(service, chain);
  }

  /** Gives every service of the table its chain, and forgets those of services that are gone. */
  attach(services: FilteredServices): void {
    if (this.idle === undefined) return;
    for (const name of services.table.services.keys()) {
      const live = services.byName(name);
      if (live !== undefined) live.filters = this.#running.get(name);
    }
    for (const name of this.#running.keys()) {
      if (!services.table.services.has(name)) this.#running.delete(name);
    }
  }

  stats(): FilterStats[] {
    return [...this.#running].flatMap(([service, { filters }]) =>
      filters.map(({ name, version, counts }) => counts.stats({ service, filter: name, version })),
    );
  }

  async #prepare(preparation: FilterPreparation): Promise<readonly FilterRefusalReport[]> {
    const { number, strict } = preparation;
    this.#prepared = undefined;
    const refusals: FilterRefusalReport[] = [];
    const chains = new Map<string, FilterChain | undefined>();
    for (const { service, filters: specs } of preparation.chains) {
      const filters: LoadedFilter[] = [];
      for (const spec of specs) {
        const loaded = await this.#load(service, spec);
        filters.push(loaded instanceof LoadedFilter ? loaded : LoadedFilter.refused(spec));
        if (!(loaded instanceof LoadedFilter)) refusals.push(loaded);
      }
      const chain = new FilterChain(service, filters, this.#deps);
      chains.set(service, filters.length === 0 ? undefined : chain);
    }
    if (!strict || refusals.length === 0) this.#prepared = { number, chains };
    return refusals;
  }

  /** The filter of a spec: the running one if it is the same, otherwise a new one. */
  async #load(service: string, spec: FilterSpec): Promise<LoadedFilter | FilterRefusalReport> {
    const before = this.#running.get(service)?.find(spec.filter.name);
    if (before?.hooks !== undefined && isDeepStrictEqual(before.spec, spec)) return before;
    try {
      return await this.#inTime(LoadedFilter.load(spec, before, this.#loader));
    } catch (error) {
      return reportOf(service, spec.filter.name, error);
    }
  }

  #inTime<Result>(work: Promise<Result>): Promise<Result> {
    return orLate(work, LOAD_WAIT_MS, this.#deps.clock, () => {
      throw new FilterRefusal(`cannot load it within ${LOAD_WAIT_MS} ms`);
    });
  }

  #put(service: string, chain: FilterChain | undefined): void {
    if (chain === undefined) this.#running.delete(service);
    else this.#running.set(service, chain);
  }
}

/** Lets each filter continue from its predecessor. Returns why one cannot. */
function handOver(
  service: string,
  before: FilterChain | undefined,
  chain: FilterChain | undefined,
): FilterRefusalReport | undefined {
  for (const filter of chain?.filters ?? []) {
    const predecessor = before?.find(filter.name);
    if (predecessor === undefined || predecessor === filter) continue;
    try {
      filter.takeOver(predecessor);
    } catch (error) {
      return reportOf(service, filter.name, error);
    }
  }
  return undefined;
}

function reportOf(service: string, filter: string, error: unknown): FilterRefusalReport {
  return { service, filter, reason: errorText(error) };
}
