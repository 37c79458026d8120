import { Alarm } from "../base/alarm.ts";
import type { Log } from "../../proxy/base/log.ts";
import { recordOf } from "../base/record-of.ts";
import { canonicalRemote } from "../config/address.ts";
import { endpointsOf, stateOf } from "../config/version-endpoints.ts";
import type { ConsulSelector, DiscoveredEndpoint, Service } from "../config/service.ts";
import { areSame } from "./instance-source.ts";
import { compatFlaw } from "./compat-flaw.ts";
import { discoveryProblems } from "./discovery-problems.ts";
import { atMost, selectEndpoints } from "./health.ts";
import { type CopiedVersion, EndpointCopy } from "./endpoint-copy.ts";
import type { WatchDeps } from "../consul/watch.ts";
import type { Discovery, NewVersion } from "../discovery/discovery.ts";
import { type EndpointNewsDeps, tellEndpoints } from "./endpoint-news.ts";
import type { ServiceWatch } from "./service-watch.ts";
import { newVersionsAmong } from "./new-versions.ts";
import { ServiceWatches } from "./service-watches.ts";
import { FoundEndpoints, GRACE_MS } from "./found-endpoints.ts";

/** Endpoints of one version that are used; each has a pool of connections in every worker. */
const ENDPOINTS_MAX = 4_096;

type WatchedVersion = {
  readonly service: string;
  readonly version: string;
  readonly selector: ConsulSelector;
  readonly watch: ServiceWatch;
  readonly pool: FoundEndpoints;
  /** Whether Consul has spoken, or the copy on disk. */
  isKnown: boolean;
  /** Whether Consul has more than we use. */
  isCut: boolean;
  /** See compatFlaw(). */
  compatFlaw: string;
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
 * filter expression and datacenter), however many of our versions it feeds. What is known stays in
 * force while Consul is away.
 */
export class ConsulDiscovery implements Discovery {
  onChange: (service: string) => void = () => undefined;
  readonly #deps: ConsulDiscoveryDeps;
  readonly #warningIsHealthy: boolean;
  readonly #copy: EndpointCopy;
  readonly #watches: ServiceWatches;
  #versions = new Map<string, WatchedVersion>();
  #services: Readonly<Record<string, Service>> = {};
  #trustDomain: string | undefined;
  /** One timer for all pools: wakes at the earliest time at which one may change by itself. */
  readonly #alarm: Alarm;

  constructor(deps: ConsulDiscoveryDeps, options: ConsulDiscoveryOptions = {}) {
    this.#deps = deps;
    this.#warningIsHealthy = options.warningIsHealthy ?? false;
    this.#copy = new EndpointCopy(deps, options.copyPath);
    this.#alarm = new Alarm(deps.clock, () =>
      this.#refresh(new Set([...this.#versions.values()].map(({ service }) => service))),
    );
    this.#watches = new ServiceWatches(deps, (watch) => {
      this.#tell([...this.#versions.values()].filter((each) => each.watch === watch));
    });
  }

  /** Reads the copy on disk. Call it before update(). Never rejects. */
  async load(): Promise<void> {
    await this.#copy.load();
  }

  endpoints(service: string, version: string): readonly DiscoveredEndpoint[] {
    const watched = this.#versions.get(versionKey(service, version));
    // At the start a table is compiled before we are told to watch its services.
    return watched?.pool.endpoints ?? this.#copy.of(service, version) ?? [];
  }

  newVersions(service: string): readonly NewVersion[] {
    const versions = [...this.#versions.values()].filter((each) => each.service === service);
    return newVersionsAmong(versions, this.#warningIsHealthy);
  }

  update(services: Readonly<Record<string, Service>>): void {
    const before = this.#versions;
    this.#services = recordOf(Object.entries(services));
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
    this.#watches.keep(new Set([...this.#versions.values()].map(({ watch }) => watch)));
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
    return this.#watches.stalenessMs();
  }

  /** What may be wrong with the endpoints, for people. Empty: nothing. */
  get problems(): readonly string[] {
    const named = (isMeant: (version: WatchedVersion) => boolean): readonly string[] =>
      [...this.#versions.values()]
        .filter(isMeant)
        .map(({ service, version }) => `${service} ${version}`);
    return discoveryProblems({
      stalenessMs: this.stalenessMs(),
      reasons: this.#watches.problems,
      failovers: this.#watches.failovers,
      missing: named((each) => this.#isMissing(each)),
      kept: named(({ pool }) => pool.isKept),
      cut: named(({ isCut }) => isCut),
      compat: [...this.#versions.values()].flatMap(compatProblem),
      crowd: this.#deps.client.turns.problem,
    });
  }

  /** Ends all watches and finishes the copy. */
  async close(): Promise<void> {
    this.#alarm.stop();
    await this.#watches.close();
    await this.#copy.close();
  }

  #watchVersion(
    service: string,
    version: string,
    selector: ConsulSelector,
    former: WatchedVersion | undefined,
  ): WatchedVersion {
    const watch = this.#watches.of(selector);
    const known = former?.pool.endpoints ?? this.#copy.of(service, version);
    const pool = new FoundEndpoints(known);
    const isKnown = known !== undefined;
    const watched = {
      service,
      version,
      selector,
      watch,
      pool,
      isKnown,
      isCut: false,
      compatFlaw: "",
    };
    // The owner is in the middle of an update: tell it afterwards.
    if (watch.instances !== undefined) queueMicrotask(() => this.#tell([watched]));
    return watched;
  }

  /** Endpoints in the mesh are of this trust domain; before that is known, there are none. */
  trust(trustDomain: string): void {
    if (trustDomain === this.#trustDomain) return;
    this.#trustDomain = trustDomain;
    const versions = [...this.#versions.values()];
    this.#tell(versions.filter(({ selector, watch }) => selector.connect && watch.instances));
  }

  #tell(all: readonly WatchedVersion[]): void {
    const nowMs = this.#deps.clock.nowMs();
    const trustDomain = this.#trustDomain;
    const options = { warningIsHealthy: this.#warningIsHealthy, trustDomain };
    const versions = all.filter(({ selector }) => !selector.connect || trustDomain !== undefined);
    for (const each of versions) {
      const { watch, selector, pool } = each;
      const endpoints = selectEndpoints(watch.instances ?? [], selector, options);
      noteFlaws(this.#deps.log, each, endpoints.length);
      pool.hear(atMost(ENDPOINTS_MAX, endpoints), nowMs);
    }
    this.#refresh(new Set(versions.map(({ service }) => service)));
  }

  /** Lets Consul's word and time act on all versions of these services: one replaces another. */
  #refresh(services: ReadonlySet<string>): void {
    const nowMs = this.#deps.clock.nowMs();
    const changed = new Set<string>();
    for (const version of this.#versions.values()) {
      if (!services.has(version.service)) continue;
      const before = version.isKnown ? version.pool.endpoints : undefined;
      const wasKept = version.pool.isKept;
      const isChanged = version.pool.refresh(nowMs, this.#mayEmpty(version, nowMs));
      if (version.pool.isKept && !wasKept) warnOfGrace(this.#deps.log, version);
      if (!version.isKnown && this.#isMissing(version)) warnOfNone(this.#deps.log, version);
      version.isKnown ||= version.watch.instances !== undefined;
      if (!isChanged) continue;
      changed.add(version.service);
      const { service, version: name, pool } = version;
      const about = { service, version: name, before, after: pool.endpoints, isSound };
      tellEndpoints(this.#deps, about);
    }
    this.#alarm.set(Math.min(...[...this.#versions.values()].map(({ pool }) => pool.nextChangeMs)));
    if (changed.size > 0) this.#copy.saveSoon(() => this.#found());
    for (const service of changed) this.onChange(service);
  }

  #found(): readonly CopiedVersion[] {
    return [...this.#versions.values()].map(({ service, version, pool }) => ({
      service,
      version,
      endpoints: pool.endpoints,
    }));
  }

  /** Whether a version that should have traffic has no instance at all. */
  #isMissing({ service, version, watch, pool }: WatchedVersion): boolean {
    if (watch.instances === undefined || pool.endpoints.length > 0) return false;
    const configured = this.#services[service]?.versions.find(({ name }) => name === version);
    return configured?.state === "ready" && configured.weight > 0;
  }

  /** Whether stable takes the share of a version that has nothing left. */
  #mayEmpty({ service, version }: WatchedVersion, nowMs: number): boolean {
    const { stable, versions } = this.#services[service] ?? {};
    const other = versions?.find(({ name }) => name === stable);
    if (other === undefined || stable === version || other.state === "maint") return false;
    const pool = this.#versions.get(versionKey(service, other.name))?.pool;
    const found = other.source.kind === "consul" ? pool?.left(nowMs) : [];
    return endpointsOf(other, found ?? []).some(
      (each) => each.healthy && stateOf(other, each) === "ready",
    );
  }
}

function warnOfNone(log: Log, { service, version, selector }: WatchedVersion): void {
  const consul = selector.service ?? selector.query;
  log.warn("discovery.none", { service, version, consul });
}

function warnOfGrace(log: Log, { service, version }: WatchedVersion): void {
  log.warn("discovery.kept", { service, version, forMs: GRACE_MS });
}

/** `found`: how many endpoints Consul has for the version. */
function noteFlaws(log: Log, watched: WatchedVersion, found: number): void {
  noteCompat(log, watched);
  const { service, version, isCut } = watched;
  watched.isCut = found > ENDPOINTS_MAX;
  if (!watched.isCut || isCut) return;
  log.warn("discovery.too_many", { service, version, found, used: ENDPOINTS_MAX });
}

function compatProblem({ service, version, compatFlaw: flaw }: WatchedVersion): readonly string[] {
  return flaw === "" ? [] : [`${service} ${version}: ${flaw}`];
}

/** Says it when it is something else than before. */
function noteCompat(log: Log, watched: WatchedVersion): void {
  const { service, version, selector, watch, compatFlaw: before } = watched;
  watched.compatFlaw = compatFlaw(watch.instances ?? [], selector);
  if (watched.compatFlaw === "" || watched.compatFlaw === before) return;
  log.warn("discovery.compat", { service, version, reason: watched.compatFlaw });
}

function isSound({ address }: DiscoveredEndpoint): boolean {
  return canonicalRemote(address) !== undefined;
}

function versionKey(service: string, version: string): string {
  return JSON.stringify([service, version]);
}
