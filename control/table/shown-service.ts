import type { EndpointSnapshot, ServiceSnapshot } from "../../proxy/table/snapshot.ts";
import type { DiscoveredEndpoint } from "../config/service.ts";
import { endpointsOf, isConnectable, stateOf } from "../config/version-endpoints.ts";
import type { Discovery } from "../discovery/discovery.ts";
import type { DesiredService } from "./desired-table.ts";

/** A service for people to look at. */
export type ShownService = {
  /** As workers have it, with names that have no address as unhealthy endpoints. */
  readonly snapshot: ServiceSnapshot;
  /** What else is known of an endpoint: its name, why it is unhealthy. undefined: nothing. */
  readonly details: (version: string, address: string) => DiscoveredEndpoint | undefined;
};

/** Adds what only discovery knows to what workers have. */
export function shownService(
  { service, snapshot }: DesiredService,
  discovery: Discovery | undefined,
): ShownService {
  const found = new Map<string, ReadonlyMap<string, DiscoveredEndpoint>>();
  const unresolved = new Map<string, readonly EndpointSnapshot[]>();
  for (const version of service.versions) {
    const endpoints = endpointsOf(version, discovery?.endpoints(snapshot.name, version.name) ?? []);
    found.set(version.name, new Map(endpoints.map((each) => [each.address, each])));
    const names = endpoints.filter((each) => !isConnectable(each));
    unresolved.set(
      version.name,
      names.map((each) => ({
        address: each.address,
        weight: each.weight,
        state: stateOf(version, each),
        healthy: false,
      })),
    );
  }
  const versions = snapshot.versions.map((version) => ({
    ...version,
    endpoints: [...version.endpoints, ...(unresolved.get(version.name) ?? [])],
  }));
  return {
    snapshot: { ...snapshot, versions },
    details: (version, address) => found.get(version)?.get(address),
  };
}
