import type { Services } from "../table/services.ts";
import type { WorkerTotals } from "../views/worker-totals.ts";
import type { SidecarCounts } from "./counts-document.ts";

/** What a sidecar's own counts are made from. */
export type OwnCountsDeps = {
  /** Its name. undefined: it is in no fleet. */
  readonly sidecar: string | undefined;
  /** See SidecarCounts. */
  readonly epoch: string;
  readonly services: Pick<Services, "revision" | "snapshot">;
  /** Asks the workers. @throws ControlError stats_unavailable */
  readonly totals: () => Promise<WorkerTotals>;
};

/** What this sidecar has counted. */
export class OwnCounts {
  readonly #deps: OwnCountsDeps;

  constructor(deps: OwnCountsDeps) {
    this.#deps = deps;
  }

  /** Its name. undefined: it is in no fleet. */
  get sidecar(): string | undefined {
    return this.#deps.sidecar;
  }

  /**
   * The counts of all versions of a service. undefined: no counts, only who this is.
   * @throws UnknownServiceError, ControlError stats_unavailable
   */
  async of(service: string | undefined): Promise<SidecarCounts> {
    const { sidecar, epoch, services, totals } = this.#deps;
    const who = { sidecar, epoch, revision: services.revision };
    if (service === undefined) return { ...who, versions: new Map() };
    const { versions } = services.snapshot(service);
    const counted = await totals();
    const named = versions.map(({ name }) => [name, counted.version(service, name)] as const);
    return { ...who, versions: new Map(named) };
  }
}
