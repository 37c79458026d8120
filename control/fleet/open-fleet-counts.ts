import type { Clock } from "../../proxy/base/clock.ts";
import type { ConsulConfig } from "../config/config-schema.ts";
import type { SharedTable } from "../registry/shared-table.ts";
import { FleetCounts } from "./fleet-counts.ts";
import type { OwnCounts } from "./own-counts.ts";
import { PeerClient } from "./peer-client.ts";

/** What opening the counts of a fleet takes. */
export type OpenFleetCountsDeps = {
  readonly clock: Clock;
  readonly shared: Pick<SharedTable, "sidecar" | "host" | "fleet">;
  readonly own: OwnCounts;
  /** When it is aborted, connections to other sidecars close. */
  readonly ended: AbortSignal;
};

/** The counts of all sidecars that share a table, as this one's configuration says. */
export function openFleetCounts(
  { tokenFile, tls }: ConsulConfig["fleet"],
  { clock, shared, own, ended }: OpenFleetCountsDeps,
): FleetCounts {
  const { sidecar, host, fleet } = shared;
  const files = { tokenFile, ca: tls?.ca, cert: tls?.cert, key: tls?.key };
  const peers = new PeerClient({ sidecar, files, clock });
  ended.addEventListener("abort", () => void peers.close(), { once: true });
  return new FleetCounts({ members: () => fleet.members(), own, peers, host });
}
