import type { Services } from "../table/services.ts";

/**
 * What a registry such as Consul has to do with the life of a sidecar, in the order of its calls.
 * None of them rejects: a sidecar lives without its registry too.
 */
export interface Registry {
  /** Before the first table: begins to keep up with the registry. */
  start(): void;
  /** Between the first table and the first listener: waits, not for long, for its endpoints. */
  settle(services: Services): Promise<void>;
  /**
   * The listeners and the API (`api`: its address) are open: callers may come. `isWell`: whether
   * they should, whenever the registry wants to know.
   */
  arrive(services: Services, api: string, isWell: () => boolean): void;
  /**
   * The table has a new revision. `names`: the services that changed; `isOurs`: this sidecar has
   * written it, and not another one.
   */
  revised(names: readonly string[], isOurs: boolean): void;
  /** Before a drain: callers should stop coming. `signal`: aborted when there is no time left. */
  leave(signal: AbortSignal): Promise<void>;
  /** A process of the same name is about to take our place. */
  yield(): void;
  /** That process has failed, and we stay. */
  resume(): void;
  /** Before the services end: stops writing to them. */
  detach(): Promise<void>;
  /** After everything else that uses it. */
  close(): Promise<void>;
}
