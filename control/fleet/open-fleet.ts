import type { Clock } from "../../proxy/base/clock.ts";
import type { ConsulConfig } from "../config/config-schema.ts";
import type { ObservationQuestion, ObservedSeconds } from "../../proxy/metrics/second-counts.ts";
import type { SharedTable } from "../registry/shared-table.ts";
import { FleetCounts } from "./fleet-counts.ts";
import { FleetSeconds } from "./fleet-seconds.ts";
import type { FleetSecondsAnswer } from "./fleet-seconds.ts";
import type { OwnCounts } from "./own-counts.ts";
import { PeerClient } from "./peer-client.ts";

/** What opening takes. */
export type OpenFleetDeps = {
  readonly clock: Clock;
  readonly shared: Pick<SharedTable, "sidecar" | "host" | "fleet">;
  readonly own: OwnCounts;
  /** Asks our own workers. @throws WorkerError */
  readonly ownSeconds: (question: ObservationQuestion) => Promise<ObservedSeconds>;
  /** When it is aborted, connections to other sidecars close. */
  readonly ended: AbortSignal;
};

/** What is asked of all sidecars that share a table. */
export type OpenedFleet = {
  readonly counts: FleetCounts;
  readonly ask: (question: ObservationQuestion) => Promise<FleetSecondsAnswer>;
};

/** Everything that is asked of them, as this one's configuration says. */
export function openFleet(
  { tokenFile, tls }: ConsulConfig["fleet"],
  { clock, shared, own, ownSeconds, ended }: OpenFleetDeps,
): OpenedFleet {
  const { sidecar, host, fleet } = shared;
  const files = { tokenFile, ca: tls?.ca, cert: tls?.cert, key: tls?.key };
  const peers = new PeerClient({ sidecar, files, clock });
  ended.addEventListener("abort", () => void peers.close(), { once: true });
  const asked = { members: () => fleet.members(), peers, host };
  const seconds = new FleetSeconds({ ...asked, sidecar, own: ownSeconds, clock });
  return {
    counts: new FleetCounts({ ...asked, own }),
    ask: (question) => seconds.ask(question),
  };
}
