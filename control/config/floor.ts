import { z } from "zod";
import type { ListenerSnapshot } from "../../proxy/table/snapshot.ts";
import { isLoopbackBind } from "./address.ts";
import type { CrossProblem } from "./cross-problem.ts";
import { list, name, strict } from "./schema-parts.ts";
import type { Service } from "./service.ts";

/** Services that one list names; whoever has more means all of them. */
const NAMES_MAX = 1_024;

/** `require`: what nothing may fall below, wherever it comes from. */
export const floorSchema = strict({
  listenerTls: z.boolean().default(false),
  upstreamTls: z
    .union([z.boolean(), list(name, NAMES_MAX)], { error: "true, false or a list of services" })
    .default(false),
  unixEndpoints: z.enum(["allowed", "never"]).default("allowed"),
  // What breaks requests on purpose must not come by mistake, nor by the API alone.
  faults: z.enum(["allowed", "never"]).default("never"),
}).prefault({});

/** What nothing may fall below. */
export type Floor = z.output<typeof floorSchema>;

/**
 * The listeners that are below the floor. Those that only this machine reaches are none: there, an
 * application speaks to its own sidecar.
 */
export function listenersBelow(
  { listenerTls }: Floor,
  listeners: readonly ListenerSnapshot[],
): CrossProblem[] {
  if (!listenerTls) return [];
  return listeners.flatMap(({ bind, tls }, index): CrossProblem[] => {
    if (tls !== undefined || isLoopbackBind(bind)) return [];
    const wanted = "TLS where other machines connect, as require.listenerTls says";
    return [{ path: ["listeners", index, "tls"], wanted, found: "none" }];
  });
}

/** What in a service is below the floor. `service`: its name. */
export function serviceBelow(
  { upstreamTls, unixEndpoints, faults }: Floor,
  service: string,
  { upstreamTls: spoken, versions, routes }: Service,
): CrossProblem[] {
  const isWanted = upstreamTls === true || (upstreamTls && upstreamTls.includes(service));
  return [
    ...(isWanted ? clearText(spoken) : []),
    ...(unixEndpoints === "never" ? versions.flatMap(sockets) : []),
    ...(faults === "never" ? routes.flatMap(faultsOf) : []),
  ];
}

/** TLS with nobody in particular is as good as none. */
function clearText(spoken: Service["upstreamTls"]): CrossProblem[] {
  const wanted = "TLS with verified endpoints, as require.upstreamTls of the file says";
  if (spoken === undefined) return [{ path: ["upstream", "tls"], wanted, found: "none" }];
  if (!spoken.tls.insecure) return [];
  return [{ path: ["upstream", "tls", "insecure"], wanted, found: "true" }];
}

function sockets({ name: version, source }: Service["versions"][number]): CrossProblem[] {
  if (source.kind !== "static") return [];
  return source.endpoints.flatMap(({ address }, index): CrossProblem[] => {
    if (!address.startsWith("unix:")) return [];
    const path = ["versions", version, "endpoints", index];
    const wanted = "no Unix socket, as require.unixEndpoints of the file says";
    return [{ path, wanted, found: JSON.stringify(address) }];
  });
}

function faultsOf({ actions }: Service["routes"][number], at: number): CrossProblem[] {
  if (actions?.faults === undefined) return [];
  const wanted = "none, unless require.faults of the file says allowed";
  return [{ path: ["routes", at, "faults"], wanted, found: "faults" }];
}
