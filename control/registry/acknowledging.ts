import type { TableSink } from "../table/table-sink.ts";
import type { SidecarFleet } from "./sidecar-fleet.ts";

/** A sink that tells the fleet which revision all workers act on. undefined: there is none. */
export function acknowledging(
  sink: TableSink,
  fleet: Pick<SidecarFleet, "acknowledge"> | undefined,
): TableSink {
  return {
    prepare: async (change, write) => sink.prepare?.(change, write),
    apply: async (change, prepared) => {
      await sink.apply(change, prepared);
      fleet?.acknowledge(change.revision);
    },
  };
}
