import type { ConsulSelector } from "../config/service.ts";
import type { NewVersion } from "../discovery/discovery.ts";
import type { Instance } from "./health.ts";

/** A version of one service, and what Consul says where it is found. */
type FoundVersion = {
  readonly version: string;
  readonly selector: ConsulSelector;
  readonly watch: { readonly instances: readonly Instance[] | undefined };
};

/**
 * Values of Meta.version that healthy instances have, where versions are chosen by it, and that
 * none of these versions means. Sorted by name.
 */
export function newVersionsAmong(
  versions: readonly FoundVersion[],
  warningIsHealthy: boolean,
): readonly NewVersion[] {
  const known = new Set(versions.map(({ version, selector }) => selector.version ?? version));
  const found = new Map<string, NewVersion>();
  for (const { version: like, selector, watch } of versions) {
    if (selector.version === undefined) continue;
    for (const { version: name, status } of watch.instances ?? []) {
      const isHealthy = status === "passing" || (status === "warning" && warningIsHealthy);
      if (name === undefined || known.has(name) || !isHealthy) continue;
      if (!found.has(name)) found.set(name, { name, like });
    }
  }
  return [...found.values()].toSorted((one, other) => (one.name < other.name ? -1 : 1));
}
