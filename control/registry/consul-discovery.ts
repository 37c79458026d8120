import { z } from "zod";
import { recordOf } from "../base/record-of.ts";
import { canonicalRemote } from "../config/address.ts";
import type { ConsulSelector, DiscoveredEndpoint, Service } from "../config/service.ts";
import { WATCHES_AT_ONCE_MAX } from "../consul/client.ts";
import { selectEndpoints } from "./health.ts";
import { KeptCopy } from "../consul/kept-copy.ts";
import { WAIT_MS, type WatchDeps } from "../consul/watch.ts";
import type { Discovery } from "../discovery/discovery.ts";
import { type EndpointNewsDeps, tellEndpoints } from "./endpoint-news.ts";
import { ServiceWatch } from "./service-watch.ts";
import { FoundEndpoints } from "./found-endpoints.ts";

/** With more watches than connections, each must soon give way to the next. */
const CROWDED_WAIT_MS = 2_000;
/** Endpoints of one version that are used; each has a pool of connections in every worker. */
const ENDPOINTS_MAX = 4_096;
/** How old the copy on disk may be when we die. */
const SAVE_AFTER_MS = 1_000;

const copySchema = z.record(
  z.string(),
  z.record(
    z.string(),
    z.array(z.object({ address: z.string(), weight: z.number(), healthy: z.boolean() })).readonly(),
  ),
);

type Copy = z.output<typeof copySchema>;

/** The endpoints of versions, by versionKey(). */
type KnownEndpoints = ReadonlyMap<string, readonly DiscoveredEndpoint[]>;

type WatchedVersion = {
  readonly service: string;
  readonly version: string;
  readonly selector: ConsulSelector;
  readonly watch: ServiceWatch;
  readonly pool: FoundEndpoints;
  /** Whether Consul has spoken, or the copy on disk. */
  isKnown: boolean;
};

/** What discovery works with. */
export type ConsulDiscoveryDeps = WatchDeps & EndpointNewsDeps;

/** How to interpret what Consul says. */
export type ConsulDiscoveryOptions = {
  /** File of the endpoints known last. undefined: none is kept. */
  readonly copyPath?: string | undefined;
  /** Whether an instance in state warning gets traffic. Default: no. */
  readonly warningIsHealthy?: boolean | undefined;
};

/**
 * Finds endpoints in Consul: one blocking query for each Consul service in use (and one for each
 * filter expression), however many of our versions it feeds. What is known stays in force while
 * Consul is away.
 */
export class ConsulDiscovery implements Discovery {
  onChange: (service: string) => void = () => undefined;
  readonly #deps: ConsulDiscoveryDeps;
  readonly #warningIsHealthy: boolean;
  readonly #copy: KeptCopy<Copy>;
  readonly #watches = new Map<string, ServiceWatch>();
  readonly #ending = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  #versions = new Map<string, WatchedVersion>();
  #known: KnownEndpoints = new Map();
  #alarm = new AbortController();
  #alarmMs = Infinity;
  #isSaving = false;

  constructor(deps: ConsulDiscoveryDeps, options: ConsulDiscoveryOptions = {}) {
    this.#deps = deps;
    this.#warningIsHealthy = options.warningIsHealthy ?? false;
    this.#copy = new KeptCopy(options.copyPath, copySchema, deps.log);
  }

  /** Reads the copy on disk. Call it before update(). Never rejects. */
  async load(): Promise<void> {
    this.#known = readCopy((await this.#copy.load()) ?? {});
  }

  endpoints(service: string, version: string): readonly DiscoveredEndpoint[] {
    const watched = this.#versions.get(versionKey(service, version));
    // At the start a table is compiled before we are told to watch its services.
    return watched?.pool.endpoints ?? this.#known.get(versionKey(service, version)) ?? [];
  }

  update(services: Readonly<Record<string, Service>>): void {
    const before = this.#versions;
    this.#versions = new Map();
    for (const [service, { versions }] of Object.entries(services)) {
      for (const { name, source } of versions) {
        if (source.kind !== "consul") continue;
        const key = versionKey(service, name);
        const former = before.get(key);
        const isSame = former !== undefined && areSame(former.selector, source.selector);
        const watched = isSame
          ? former
          : this.#watchVersion(service, name, source.selector, former);
        this.#versions.set(key, watched);
      }
    }
    this.#endUnused();
  }

  /**
   * Resolves when each version that is watched now has had its first answer; for a version with
   * endpoints from the copy, a failure is enough. With Consul away this may never resolve, so wait
   * with a deadline.
   */
  async whenKnown(): Promise<void> {
    const known = [...this.#versions.values()].map(async ({ pool, watch }) =>
      pool.endpoints.length > 0 ? watch.tried : watch.first,
    );
    await Promise.all(known);
  }

  /**
   * Time since what we know was last confirmed, for the worst of all watches. 0: all are current.
   */
  stalenessMs(): number {
    const nowMs = this.#deps.clock.nowMs();
    return Math.max(0, ...[...this.#watches.values()].map((watch) => watch.stalenessMs(nowMs)));
  }

  /** Ends all watches and finishes the copy. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#alarm.abort();
    for (const watch of this.#watches.values()) this.#end(watch);
    await Promise.all(this.#ending);
    if (this.#isSaving) this.#save();
    await this.#copy.settled();
  }

  #watchVersion(
    service: string,
    version: string,
    selector: ConsulSelector,
    former: WatchedVersion | undefined,
  ): WatchedVersion {
    const key = JSON.stringify([selector.service, selector.filter ?? ""]);
    const watch = this.#watches.get(key) ?? this.#startWatch(selector);
    this.#watches.set(key, watch);
    const known = former?.pool.endpoints ?? this.#known.get(versionKey(service, version));
    const pool = new FoundEndpoints(known);
    const watched = { service, version, selector, watch, pool, isKnown: known !== undefined };
    // The owner is in the middle of an update: tell it afterwards.
    if (watch.instances !== undefined) queueMicrotask(() => this.#tell([watched]));
    return watched;
  }

  #startWatch(selector: ConsulSelector): ServiceWatch {
    const watch: ServiceWatch = new ServiceWatch(this.#deps, {
      service: selector.service,
      filter: selector.filter,
      waitMs: () => (this.#watches.size > WATCHES_AT_ONCE_MAX ? CROWDED_WAIT_MS : WAIT_MS),
      onInstances: () => {
        this.#tell([...this.#versions.values()].filter((each) => each.watch === watch));
      },
    });
    return watch;
  }

  #endUnused(): void {
    const used = new Set([...this.#versions.values()].map((version) => version.watch));
    for (const [key, watch] of this.#watches) {
      if (used.has(watch)) continue;
      this.#watches.delete(key);
      this.#end(watch);
    }
  }

  #end(watch: ServiceWatch): void {
    const ending = watch.end().finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }

  #tell(versions: readonly WatchedVersion[]): void {
    const nowMs = this.#deps.clock.nowMs();
    const options = { warningIsHealthy: this.#warningIsHealthy };
    this.#change(versions, ({ watch, selector, pool }) => {
      const endpoints = selectEndpoints(watch.instances ?? [], selector, options);
      if (endpoints.length > ENDPOINTS_MAX) {
        this.#deps.log.warn("discovery.too_many", { service: selector.service });
      }
      return pool.tell(endpoints.slice(0, ENDPOINTS_MAX), nowMs);
    });
  }

  /** Tells the owner of each service once, however many of its versions changed. */
  #change(versions: Iterable<WatchedVersion>, apply: (version: WatchedVersion) => boolean): void {
    const changed = new Set<string>();
    for (const version of versions) {
      const before = version.isKnown ? version.pool.endpoints : undefined;
      const isChanged = apply(version);
      version.isKnown ||= version.watch.instances !== undefined;
      if (!isChanged) continue;
      changed.add(version.service);
      const { service, version: name, pool } = version;
      const about = { service, version: name, before, after: pool.endpoints, isSound };
      tellEndpoints(this.#deps, about);
    }
    this.#setAlarm();
    if (changed.size > 0) this.#saveSoon();
    for (const service of changed) this.onChange(service);
  }

  /** One timer for all pools: wakes at the earliest time at which one may change by itself. */
  #setAlarm(): void {
    const { clock } = this.#deps;
    const dueMs = Math.min(...[...this.#versions.values()].map(({ pool }) => pool.nextChangeMs));
    if (dueMs >= this.#alarmMs || this.#closing.signal.aborted) return;
    this.#alarm.abort();
    this.#alarm = new AbortController();
    this.#alarmMs = dueMs;
    const ring = (): void => {
      this.#alarmMs = Infinity;
      this.#change(this.#versions.values(), ({ pool }) => pool.refresh(clock.nowMs()));
    };
    clock.sleep(Math.max(0, dueMs - clock.nowMs()), this.#alarm.signal).then(ring, () => undefined);
  }

  #saveSoon(): void {
    if (this.#isSaving) return;
    this.#isSaving = true;
    const save = (): void => {
      this.#isSaving = false;
      this.#save();
    };
    this.#deps.clock.sleep(SAVE_AFTER_MS, this.#closing.signal).then(save, () => undefined);
  }

  #save(): void {
    const services = Map.groupBy(this.#versions.values(), ({ service }) => service);
    const copies = [...services].map(([service, versions]) => {
      const endpoints = versions.map(({ version, pool }) => [version, pool.endpoints] as const);
      return [service, recordOf(endpoints)] as const;
    });
    this.#copy.save(recordOf(copies));
  }
}

/** Addresses from the disk are from outside too. */
function readCopy(copy: Copy): KnownEndpoints {
  return new Map(
    Object.entries(copy).flatMap(([service, versions]) =>
      Object.entries(versions).map(([version, endpoints]) => {
        const sound = endpoints.filter(({ address }) => canonicalRemote(address) === address);
        return [versionKey(service, version), sound] as const;
      }),
    ),
  );
}

function isSound({ address }: DiscoveredEndpoint): boolean {
  return canonicalRemote(address) !== undefined;
}

function versionKey(service: string, version: string): string {
  return JSON.stringify([service, version]);
}

function areSame(left: ConsulSelector, right: ConsulSelector): boolean {
  return (
    left.service === right.service &&
    left.version === right.version &&
    left.tag === right.tag &&
    left.filter === right.filter
  );
}
