import type { SecureContext } from "node:tls";
import { wantedPeer } from "../../proxy/table/wanted-peer.ts";
import type { WantedPeer } from "../../proxy/table/wanted-peer.ts";
import type { UpstreamTls } from "../../proxy/table/tls.ts";
import type { ProbeTls } from "./probe-tls.ts";
import type { SluiceEvent } from "../records/sluice-event.ts";
import type { Clock } from "../../proxy/base/clock.ts";
import type { Log } from "../../proxy/base/log.ts";
import type { Random } from "../../proxy/base/random.ts";
import { hostsOf } from "../config/compile-service.ts";
import type { DiscoveredEndpoint, Service, ServiceVersion } from "../config/service.ts";
import { endpointsOf, hostNameOf, isConnectable } from "../config/version-endpoints.ts";
import { CheckedService } from "./checked-service.ts";
import type { CheckPlan } from "./checked-service.ts";
import type { Discovery } from "./discovery.ts";
import { probe } from "./probe.ts";
import type { ProbeResult } from "./probe-target.ts";
import { Turns } from "../base/turns.ts";

/**
 * Probes under way at once, each a socket: a quarter of the 1 024 that many systems give a process.
 * More of them wait; their timeout begins with their turn, so waiting makes nobody unhealthy.
 */
const PROBES_AT_ONCE_MAX = 256;

/** What health checks work with. */
export type HealthChecksDeps = {
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
  /** Finds the endpoints of versions with `consul:`. Absent: they have none. */
  readonly inner?: Discovery | undefined;
  /**
   * What probes by TLS connect with; undefined: something of it is missing. Absent: everything is.
   */
  readonly contextFor?: ((tls: UpstreamTls) => SecureContext | undefined) | undefined;
  /** Receives `health` events. Absent: nobody listens. */
  readonly events?: { emit(event: SluiceEvent): unknown } | undefined;
};

/**
 * Asks the endpoints of services with `healthCheck` whether they are well. Unlike discovery alone
 * it may leave a version, and even a service, without a healthy endpoint: each has been asked, so a
 * 503 tells the truth. Endpoints in state drain or maint are asked too, so that their health is
 * known when they come back.
 */
export class HealthChecks implements Discovery {
  onChange: (service: string) => void = () => undefined;
  readonly #deps: HealthChecksDeps;
  readonly #turns = new Turns(PROBES_AT_ONCE_MAX);
  readonly #checked = new Map<string, CheckedService>();
  /** Whom to expect at which address of services that are reached by TLS. */
  readonly #peers = new Map<string, ReadonlyMap<string, WantedPeer>>();
  readonly #ended = new Set<Promise<void>>();
  #services: ReadonlyMap<string, Service> = new Map();
  #isClosed = false;

  constructor(deps: HealthChecksDeps) {
    this.#deps = deps;
    if (deps.inner === undefined) return;
    deps.inner.onChange = (service) => {
      this.#follow(service);
      this.onChange(service);
    };
  }

  /** For a version with `endpoints:` one entry each when its service has checks, else none. */
  endpoints(service: string, version: string): readonly DiscoveredEndpoint[] {
    const checked = this.#checked.get(service);
    const configured = this.#services.get(service)?.versions.find(({ name }) => name === version);
    if (checked === undefined || configured === undefined) return this.#found(service, version);
    return this.#endpointsOf(service, configured).map((endpoint) => {
      const failure = checked.failureOf(endpoint.address);
      return failure === undefined ? endpoint : { ...endpoint, healthy: false, reason: failure };
    });
  }

  async settled(): Promise<void> {
    await this.#deps.inner?.settled?.();
  }

  update(services: Readonly<Record<string, Service>>): void {
    const before = this.#services;
    this.#services = new Map(Object.entries(services));
    this.#deps.inner?.update(services);
    for (const name of new Set([...before.keys(), ...this.#services.keys()])) {
      if (before.get(name) !== this.#services.get(name)) this.#replace(name);
    }
  }

  /** Ends all probes for good. Resolves when none is under way. `inner` is its owner's to close. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const name of this.#checked.keys()) this.#end(name);
    await Promise.all(this.#ended);
  }

  /**
   * A service that had checks was compiled with their results for its old form, which may have an
   * address in another version, or other endpoints. So its owner must compile it again.
   */
  #replace(name: string): void {
    const wasChecked = this.#checked.has(name);
    this.#follow(name);
    // The owner is in the middle of an update: tell it afterwards.
    if (wasChecked && this.#services.has(name)) queueMicrotask(() => this.onChange(name));
  }

  /** Brings the probes of a service in line with its check and its addresses. */
  #follow(name: string): void {
    const service = this.#services.get(name);
    if (service?.healthCheck === undefined || this.#isClosed) {
      this.#end(name);
      return;
    }
    const plan = { check: service.healthCheck, host: hostFor(name, service) };
    const checked = this.#checked.get(name) ?? this.#begin(name, plan);
    const endpoints = service.versions
      .flatMap((version) => this.#endpointsOf(name, version))
      .filter(isConnectable);
    this.#peers.set(name, peersOf(service, endpoints));
    checked.follow(plan, new Set(endpoints.map(({ address }) => address)));
  }

  /** As requests to the endpoint: with the certificates of this moment. */
  #tlsFor(name: string, address: string): ProbeTls | undefined {
    const tls = this.#services.get(name)?.upstreamTls?.tls;
    const peer = this.#peers.get(name)?.get(address);
    if (tls === undefined || peer === undefined) return undefined;
    return { context: this.#deps.contextFor?.(tls), peer, insecure: tls.insecure };
  }

  #begin(name: string, plan: CheckPlan): CheckedService {
    const { clock, random } = this.#deps;
    const checked = new CheckedService(plan, {
      clock,
      random,
      probe: (target, signal) =>
        this.#turns.run(() => {
          const tls = this.#tlsFor(name, target.address);
          return probe(clock, { ...target, tls }, signal);
        }),
      onTurn: (address, result) => this.#tell(name, address, result),
    });
    this.#checked.set(name, checked);
    return checked;
  }

  #end(name: string): void {
    const checked = this.#checked.get(name);
    if (checked === undefined) return;
    this.#checked.delete(name);
    this.#peers.delete(name);
    const ended = checked.close().finally(() => this.#ended.delete(ended));
    this.#ended.add(ended);
  }

  #tell(service: string, endpoint: string, { succeeded: healthy, reason }: ProbeResult): void {
    const { events, log } = this.#deps;
    for (const version of this.#services.get(service)?.versions ?? []) {
      const has = this.#endpointsOf(service, version).some(({ address }) => address === endpoint);
      if (!has) continue;
      const about = { version: version.name, endpoint, healthy, reason };
      if (healthy) log.info("health.up", { service, ...about });
      else log.warn("health.down", { service, ...about });
      events?.emit({ kind: "health", services: [service], ...about });
    }
    this.onChange(service);
  }

  /** Before our checks. */
  #endpointsOf(service: string, version: ServiceVersion): readonly DiscoveredEndpoint[] {
    return endpointsOf(version, this.#found(service, version.name));
  }

  #found(service: string, version: string): readonly DiscoveredEndpoint[] {
    return this.#deps.inner?.endpoints(service, version) ?? [];
  }
}

/** The first host that is not a wildcard: nobody is called `*.web.internal`. */
function hostFor(name: string, service: Service): string {
  return hostsOf(name, service).find((host) => !host.startsWith("*")) ?? name.toLowerCase();
}

function peersOf(
  { upstreamTls }: Service,
  endpoints: readonly DiscoveredEndpoint[],
): ReadonlyMap<string, WantedPeer> {
  if (upstreamTls === undefined) return new Map();
  const { tls } = upstreamTls;
  return new Map(
    endpoints.map((endpoint) => {
      const { address, san } = endpoint;
      return [address, wantedPeer(tls, { address, san, host: hostNameOf(endpoint) })];
    }),
  );
}
