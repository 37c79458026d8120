import { isUsable } from "../table/serving.ts";
import { rolloutWrite } from "../table/service-writes.ts";
import type { Services } from "../table/services.ts";
import type { ServiceSnapshot } from "../../proxy/table/snapshot.ts";
import { recordOf } from "../base/record-of.ts";
import type { TableSight } from "./reconcile.ts";
import { wantedShare } from "./rollout.ts";
import type { Rollout, RolloutSpec } from "./rollout.ts";
import { weightsAt } from "./rollout-weights.ts";

/** The table, as rollouts see and write it. */
export class RolloutTable {
  readonly #services: Services;

  constructor(services: Services) {
    this.#services = services;
  }

  /** Whether the table is about to be another process's: then nothing may be decided. */
  get isHeld(): boolean {
    return this.#services.isHeld;
  }

  /** Weights in force. undefined: there is no such service. */
  weights(service: string): Pick<TableSight, "weights" | "revision"> | undefined {
    const versions = this.#versions(service);
    if (versions === undefined) return undefined;
    const weights = recordOf(versions.map(({ name, weight }) => [name, weight] as const));
    return { weights, revision: this.#services.revision };
  }

  /** A service in force. undefined: it, or one of both versions, is not there. */
  sight({
    service,
    from,
    to,
  }: Pick<RolloutSpec, "service" | "from" | "to">): TableSight | undefined {
    const canary = this.#versions(service)?.find(({ name }) => name === to);
    const seen = this.weights(service);
    if (canary === undefined || seen?.weights[from] === undefined) return undefined;
    const usable = canary.state === "ready" ? canary.endpoints.filter(isUsable) : [];
    return { ...seen, canaryEndpoints: usable.length };
  }

  /**
   * Writes what a rollout asks for, under its id. Only the end of an abort is written at any
   * revision and whatever serves: it must never wait for anything.
   * @throws as every write
   */
  async write(rollout: Rollout, seen: TableSight | undefined): Promise<void> {
    const { id, spec, before, phase, why } = rollout;
    const isAbort = phase === "aborted";
    const weights = weightsAt(before, spec, wantedShare(rollout));
    const context = {
      actor: `rollout ${id}`,
      reason: `${why.rule}: ${why.text}`,
      ifMatch: isAbort || seen === undefined ? ("*" as const) : seen.revision,
      force: isAbort,
      rollout: id,
    };
    const ready = isAbort ? spec.from : undefined;
    await this.#services.change(rolloutWrite(spec.service, { weights, ready }, context));
  }

  #versions(service: string): ServiceSnapshot["versions"] | undefined {
    if (!this.#services.names().includes(service)) return undefined;
    return this.#services.snapshot(service).versions;
  }
}
