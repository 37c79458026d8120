import type { Log } from "../../proxy/base/log.ts";
import { canonicalEndpoint, namedAddress } from "../config/address.ts";
import type { DiscoveredEndpoint, Service, ServiceVersion } from "../config/service.ts";
import { unresolvedEndpoint } from "../config/version-endpoints.ts";
import type { KnownStatus } from "../names/name-status.ts";
import type { Names } from "../names/names.ts";
import type { SluiceEvent } from "../records/sluice-event.ts";
import type { Discovery } from "./discovery.ts";

/** Each is told once; a registry may name as many as it likes. */
const TOLD_MAX = 1_000;

/** What named endpoints are found with. */
export type NamedEndpointsDeps = {
  readonly names: Names;
  /** Finds the endpoints of versions with `consul:`. Absent: they have none. */
  readonly inner?: Discovery | undefined;
  readonly log: Log;
  /** Our bind at which a connection to an address ends. Absent: none does. */
  readonly ownBindOf?: ((address: string) => string | undefined) | undefined;
  /** Receives `name` events. Absent: nobody listens. */
  readonly events?: { emit(event: SluiceEvent): unknown } | undefined;
};

/**
 * Puts addresses in the place of names, for endpoints of the document and of the registry alike:
 * each address of a name is an endpoint with the weight and the health of the name's entry.
 */
export class NamedEndpoints implements Discovery {
  onChange: (service: string) => void = () => undefined;
  readonly #deps: NamedEndpointsDeps;
  readonly #names: Names;
  readonly #inner: Discovery | undefined;
  #services: ReadonlyMap<string, Service> = new Map();
  /** Whose endpoints at our own binds have been told. */
  readonly #told = new Set<string>();
  /** The host names that each service has. */
  #hosts = new Map<string, ReadonlySet<string>>();

  constructor(deps: NamedEndpointsDeps) {
    const { names, inner } = deps;
    this.#deps = deps;
    this.#names = names;
    this.#inner = inner;
    names.onChange = (host, status) => {
      const services = [...this.#hosts].flatMap(([name, hosts]) => (hosts.has(host) ? [name] : []));
      this.#report(host, services, status);
      for (const service of services) this.onChange(service);
    };
    if (inner === undefined) return;
    inner.onChange = (service) => {
      this.#readHosts(service);
      this.#follow();
      this.onChange(service);
    };
  }

  /** For a version with `endpoints:` those that are names, else all. */
  endpoints(service: string, version: string): readonly DiscoveredEndpoint[] {
    const configured = this.#services.get(service)?.versions.find(({ name }) => name === version);
    const entries =
      configured === undefined
        ? this.#found(service, version)
        : this.#entriesOf(service, configured);
    const found = entries.flatMap((entry) => this.#expand(entry));
    return found.map((each) => this.#unlessOwn(`${service} ${version}`, each));
  }

  update(services: Readonly<Record<string, Service>>): void {
    const before = this.#services;
    this.#services = new Map(Object.entries(services));
    this.#inner?.update(services);
    for (const name of before.keys()) {
      if (!this.#services.has(name)) this.#hosts.delete(name);
    }
    for (const [name, service] of this.#services) {
      if (before.get(name) !== service) this.#readHosts(name);
    }
    this.#follow();
  }

  async settled(): Promise<void> {
    await this.#names.settled();
  }

  #readHosts(service: string): void {
    const versions = this.#services.get(service)?.versions ?? [];
    const hosts = versions
      .flatMap((version) => this.#entriesOf(service, version))
      .flatMap(({ address }) => hostOf(address) ?? []);
    if (hosts.length === 0) this.#hosts.delete(service);
    else this.#hosts.set(service, new Set(hosts));
  }

  #follow(): void {
    this.#names.follow(new Set([...this.#hosts.values()].flatMap((hosts) => [...hosts])));
  }

  /** The endpoints of a version that may be names. */
  #entriesOf(service: string, { name, source }: ServiceVersion): readonly DiscoveredEndpoint[] {
    if (source.kind === "consul") return this.#found(service, name);
    return source.endpoints
      .filter(({ address }) => namedAddress(address) !== undefined)
      .map((entry) => ({ ...entry, healthy: true }));
  }

  #found(service: string, version: string): readonly DiscoveredEndpoint[] {
    return this.#inner?.endpoints(service, version) ?? [];
  }

  #report(name: string, services: readonly string[], status: KnownStatus): void {
    const { log, events } = this.#deps;
    const { kind: state } = status;
    const addresses = state === "unresolved" ? [] : status.addresses;
    const reason = state === "resolved" ? undefined : status.reason;
    events?.emit({ kind: "name", services, name, state, addresses, reason });
    const fields = { name, addresses: addresses.join(" "), reason };
    if (state === "resolved") log.info("name.resolved", fields);
    else log.warn(`name.${state}`, fields);
  }

  /**
   * Whoever registers an instance, or owns a name, must not lead our clients to the control API,
   * nor requests in a circle. `whose`: the service and version, for the log.
   */
  #unlessOwn(whose: string, entry: DiscoveredEndpoint): DiscoveredEndpoint {
    const bind = this.#deps.ownBindOf?.(entry.address);
    if (bind === undefined) return entry;
    const reason = `this sidecar itself answers there (${bind})`;
    const told = `${whose} ${entry.address}`;
    if (!this.#told.has(told) && this.#told.size < TOLD_MAX) {
      this.#told.add(told);
      this.#deps.log.warn("endpoint.own", { version: whose, endpoint: entry.address, bind });
    }
    return { ...entry, address: `${entry.address} (this sidecar)`, healthy: false, reason };
  }

  #expand(entry: DiscoveredEndpoint): readonly DiscoveredEndpoint[] {
    const { address } = entry;
    // The registry says so, and it may hold anything.
    if (canonicalEndpoint(address) === undefined) {
      const reason = entry.reason ?? "neither an address nor a host name with a port";
      return [{ ...entry, healthy: false, reason }];
    }
    const named = namedAddress(address);
    if (named === undefined) return [entry];
    const status = this.#names.status(named.host);
    if (status.kind === "asking") return [unresolvedEndpoint(entry, "not resolved yet")];
    if (status.kind === "unresolved") return [unresolvedEndpoint(entry, status.reason)];
    return status.addresses.map((each) => ({
      ...entry,
      address: `${each}:${named.port}`,
      name: address,
    }));
  }
}

/** The name to resolve in an endpoint's address. undefined: there is none. */
function hostOf(address: string): string | undefined {
  return canonicalEndpoint(address) === undefined ? undefined : namedAddress(address)?.host;
}
