import type { DiscoveredEndpoint, Service } from "../config/service.ts";

/** Finds the endpoints of versions that have `consul:` in place of `endpoints:`. */
export interface Discovery {
  /**
   * Last known endpoints; empty before the first answer. For a version with `endpoints:` a
   * discovery that also checks health may answer: of its entries only `healthy` counts, and an
   * address without an entry is healthy.
   */
  endpoints(service: string, version: string): readonly DiscoveredEndpoint[];
  /** Tells which versions to watch from now on. Must not throw. */
  update(services: Readonly<Record<string, Service>>): void;
  /** Called with a service's name when its endpoints or their health changed. Set by the owner. */
  onChange: (service: string) => void;
}
