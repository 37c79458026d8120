import type { State } from "../../proxy/table/snapshot.ts";
import { canonicalEndpoint, namedAddress } from "./address.ts";
import { ENDPOINTS_MAX } from "./service-shape.ts";
import type { DiscoveredEndpoint, ServiceVersion, StaticEndpoint } from "./service.ts";

/**
 * All endpoints of a version, each address once: those of its document, or those that `discovered`
 * holds. From the latter, a version with `endpoints:` takes the health of its addresses and the
 * addresses of its names. A name without an address is an unhealthy endpoint under its name.
 */
export function endpointsOf(
  version: ServiceVersion,
  discovered: readonly DiscoveredEndpoint[],
): readonly DiscoveredEndpoint[] {
  const { source } = version;
  if (source.kind === "consul") return eachOnce(discovered);
  const byAddress = new Map(discovered.map((each) => [each.address, each]));
  const byName = Map.groupBy(discovered, ({ name }) => name);
  return eachOnce(
    source.endpoints.flatMap((entry) =>
      namedAddress(entry.address) === undefined
        ? [fixedEndpoint(entry, byAddress.get(entry.address))]
        : (byName.get(entry.address) ?? [unresolvedEndpoint(entry, "not resolved yet")]),
    ),
  );
}

/** Whether workers can connect to it. They never resolve a name: that is control/names's work. */
export function isConnectable({ address }: Pick<DiscoveredEndpoint, "address">): boolean {
  return namedAddress(address) === undefined && canonicalEndpoint(address) !== undefined;
}

/** The host name that an endpoint's address was found by. undefined: by none. */
export function hostNameOf({ name }: DiscoveredEndpoint): string | undefined {
  return name === undefined ? undefined : namedAddress(name)?.host;
}

/** What the version says of an endpoint's state: by its address first, then by its name. */
export function stateOf(version: ServiceVersion, { address, name }: DiscoveredEndpoint): State {
  const { endpointStates } = version;
  return endpointStates.get(address) ?? endpointStates.get(name ?? address) ?? "ready";
}

/** The endpoint that stands for a name while the name has no address. */
export function unresolvedEndpoint(entry: StaticEndpoint, reason: string): DiscoveredEndpoint {
  const { address, weight } = entry;
  return { address, weight, healthy: false, name: address, reason };
}

/** Endpoints of the document are healthy until a check says otherwise. */
function fixedEndpoint(
  { address, weight }: StaticEndpoint,
  checked: DiscoveredEndpoint | undefined,
): DiscoveredEndpoint {
  return { address, weight, healthy: checked?.healthy ?? true, reason: checked?.reason };
}

/**
 * Several entries may lead to one address: the first one counts, but a healthy one comes before
 * others.
 */
function eachOnce(endpoints: readonly DiscoveredEndpoint[]): readonly DiscoveredEndpoint[] {
  const byAddress = new Map<string, DiscoveredEndpoint>();
  for (const endpoint of endpoints) {
    const known = byAddress.get(endpoint.address);
    if (known?.healthy !== true && (known === undefined || endpoint.healthy)) {
      byAddress.set(endpoint.address, endpoint);
    }
  }
  return [...byAddress.values()].slice(0, ENDPOINTS_MAX);
}
