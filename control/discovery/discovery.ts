import type { Service } from "../config/service.ts";

/** An endpoint as the registry knows it. */
export type DiscoveredEndpoint = {
  /** `10.0.0.5:3000` or `[::1]:3000`. */
  readonly address: string;
  /** Relative weight inside its version, 1 … 65 535. */
  readonly weight: number;
  readonly healthy: boolean;
};

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
