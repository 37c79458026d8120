import type { DiscoveredEndpoint, Service } from "../config/service.ts";

/** A version that a service does not have yet. */
export type NewVersion = {
  readonly name: string;
  /** The version that is found in the same way, but for the name. */
  readonly like: string;
};

/** Finds the endpoints of versions that have `consul:` in place of `endpoints:`. */
export interface Discovery {
  /**
   * Last known endpoints; empty before the first answer. For a version with `endpoints:` a
   * discovery that also checks health or resolves names may answer: see endpointsOf().
   */
  endpoints(service: string, version: string): readonly DiscoveredEndpoint[];
  /** Tells which versions to watch from now on. Must not throw. */
  update(services: Readonly<Record<string, Service>>): void;
  /**
   * Resolves when what update() brought has its first answers, or after a short time without them.
   * Absent: there is nothing to wait for. Must not reject.
   */
  settled?(): Promise<void>;
  /**
   * Versions with something healthy, as the registry names them, that no version of the service
   * stands for. Absent: it knows none.
   */
  newVersions?(service: string): readonly NewVersion[];
  /** Called with a service's name when its endpoints or their health changed. Set by the owner. */
  onChange: (service: string) => void;
}
