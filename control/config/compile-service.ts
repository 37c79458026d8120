import type {
  EndpointSnapshot,
  ServiceSnapshot,
  VersionSnapshot,
} from "../../proxy/table/snapshot.ts";
import type { DiscoveredEndpoint, Service, ServiceVersion } from "./service.ts";
import { mergedCompat } from "./merged-compat.ts";
import { endpointsOf, hostNameOf, isConnectable, stateOf } from "./version-endpoints.ts";

/** What discovery knows about a service: its last known endpoints by version; absent: none. */
export type DiscoveredEndpoints = ReadonlyMap<string, readonly DiscoveredEndpoint[]>;

/** The hosts by which a service is found. Empty: by none, as it is of kind tcp. */
export function hostsOf(name: string, service: Service): readonly string[] {
  if (service.tcp !== undefined) return [];
  return service.hosts ?? [name.toLowerCase()];
}

/**
 * Compiles a service into the form that workers get. Pure: equal arguments give equal snapshots.
 */
export function compileService(
  name: string,
  service: Service,
  discovered: DiscoveredEndpoints,
): ServiceSnapshot {
  return {
    name,
    hosts: hostsOf(name, service),
    stable: service.stable,
    salt: service.salt ?? name,
    affinity: service.affinity,
    versions: service.versions.map((each) => {
      const found = discovered.get(each.name) ?? [];
      return compileVersion(each, found, service.upstreamTls !== undefined);
    }),
    routes: service.routes,
    filters: service.filters,
    policy: service.policy,
    limits: service.limits,
    ejection: service.ejection,
    keepAlive: service.keepAlive,
    ...(service.balance !== "p2c" && { balance: service.balance }),
    slowStartMs: service.slowStartMs,
    methods: service.methods,
    tolerate: service.tolerate,
    via: service.via,
    debug: service.debug,
    upstreamTls: service.upstreamTls?.tls,
    ...(service.tcp !== undefined && { tcp: service.tcp }),
    protocol: service.protocol,
    grpc: service.grpc,
    ...(service.rateLimit !== undefined && { rateLimit: service.rateLimit }),
  };
}

function compileVersion(
  version: ServiceVersion,
  discovered: readonly DiscoveredEndpoint[],
  isByTls: boolean,
): VersionSnapshot {
  const { name, weight, state, compat = mergedCompat(discovered) } = version;
  const found = endpointsOf(version, discovered).filter(isConnectable);
  const endpoints = found.map((each) => compileEndpoint(each, version, isByTls));
  return { name, weight, state, endpoints, ...(compat && { compat }) };
}

function compileEndpoint(
  endpoint: DiscoveredEndpoint,
  version: ServiceVersion,
  isByTls: boolean,
): EndpointSnapshot {
  const { address, weight, healthy, san, inMaintenance = false } = endpoint;
  const state = stateOf(version, endpoint);
  const host = isByTls ? hostNameOf(endpoint) : undefined;
  return {
    address,
    weight,
    state,
    healthy,
    ...(host !== undefined && { host }),
    ...(san !== undefined && { san }),
    ...(inMaintenance && { setAside: inMaintenance }),
  };
}
