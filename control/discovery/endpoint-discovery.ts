import { dnsLookUp } from "../names/dns-look-up.ts";
import { Names } from "../names/names.ts";
import { SystemFiles } from "../names/system-files.ts";
import type { SystemPaths } from "../names/system-files.ts";
import type { Discovery } from "./discovery.ts";
import { HealthChecks } from "./health-checks.ts";
import type { HealthChecksDeps } from "./health-checks.ts";
import { NamedEndpoints } from "./named-endpoints.ts";

/** What finding endpoints needs. */
export type EndpointDiscoveryDeps = Omit<HealthChecksDeps, "inner"> & {
  /** Finds the endpoints of versions with `consul:`. Its owner closes it. */
  readonly registry: Discovery | undefined;
  /** See NamedEndpointsDeps. */
  readonly ownBindOf: (address: string) => string | undefined;
  /** Where the system's files of names are. */
  readonly paths: SystemPaths;
};

/** Everything that finds endpoints: what the registry says, resolved, then checked. */
export async function openEndpointDiscovery(
  deps: EndpointDiscoveryDeps,
): Promise<Discovery & { close(): Promise<void> }> {
  const { paths, registry, ...shared } = deps;
  const system = new SystemFiles(paths, shared.log);
  await system.refresh();
  const names = new Names({ ...shared, system, lookUp: dnsLookUp(shared.clock) });
  const named = new NamedEndpoints({ ...shared, names, inner: registry });
  const checks = new HealthChecks({ ...shared, inner: named });
  return {
    endpoints: (service, version) => checks.endpoints(service, version),
    update: (services) => checks.update(services),
    settled: () => checks.settled(),
    newVersions: (service) => registry?.newVersions?.(service) ?? [],
    close: async () => {
      await checks.close();
      await names.close();
    },
    get onChange() {
      return checks.onChange;
    },
    set onChange(listener) {
      checks.onChange = listener;
    },
  };
}
