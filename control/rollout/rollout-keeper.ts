import type { Documents } from "../store/documents.ts";
import type { Services } from "../table/services.ts";
import { AutomaticTable } from "./automatic-table.ts";
import type { NewVersion } from "../discovery/discovery.ts";
import { KeptEvidence } from "./kept-evidence.ts";
import type { CarryOutDeps } from "./carry-out.ts";
import type { DecisionLog } from "./decision-log.ts";
import type { Leader } from "./leader.ts";
import type { Observations } from "./observations.ts";
import type { RolloutAsking } from "./rollout-asking.ts";
import { RolloutStore } from "./rollout-store.ts";
import { RolloutTable } from "./rollout-table.ts";
import { RolloutWard } from "./rollout-ward.ts";
import { Rollouts } from "./rollouts.ts";

/** What rollouts work with, once there is a table. */
export type OpenRolloutsDeps = Omit<CarryOutDeps, "store" | "table"> & {
  /**
   * Where evidence is kept for whoever leads next. undefined: nowhere, as with the table in a file,
   * which has the log of decisions beside it.
   */
  readonly evidence: Documents | undefined;
  readonly services: Services;
  /** Versions that only the registry has. */
  readonly newVersions: (service: string) => readonly NewVersion[];
  readonly observations: Observations;
  readonly leader: Leader;
  readonly decisions: DecisionLog;
  readonly asking: RolloutAsking;
};

/** Rollouts in two parts: the table is told of the ward, and they are told of the table. */
export class RolloutKeeper {
  readonly ward: RolloutWard;
  readonly #store: RolloutStore;

  /** `documents`: where they are kept. */
  constructor(documents: Documents, deps: Pick<CarryOutDeps, "clock" | "log">) {
    this.#store = new RolloutStore(documents, deps);
    this.ward = new RolloutWard(this.#store);
  }

  /** Leads them, once they are started. */
  open({ services, newVersions, evidence: documents, ...deps }: OpenRolloutsDeps): Rollouts {
    const evidence = new KeptEvidence(documents, deps);
    const table = new RolloutTable(services, deps.clock);
    const automatic = new AutomaticTable(services, newVersions);
    const store = this.#store;
    const known = { store, freezes: store.freezes, evidence };
    const rollouts = new Rollouts({ ...deps, ...known, table, automatic });
    this.ward.onTakeOver((rollout, by) => rollouts.release(rollout, by));
    return rollouts;
  }
}
