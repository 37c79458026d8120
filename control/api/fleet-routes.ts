import { z } from "zod";
import { ControlError, FleetLagsError } from "../base/errors.ts";
import { noFleet } from "./api-errors.ts";
import type { Api, ApiDeps, FleetView } from "./deps.ts";
import { problemResponses } from "./problem.ts";

/** How long `?wait=fleet` waits. Live sidecars act within a fraction of a second. */
const FLEET_WAIT_MS = 10_000;

const fleetSchema = z.object({
  revision: z.int().describe("The revision that this sidecar has in force"),
  sidecars: z.array(
    z.object({
      sidecar: z.string(),
      revision: z.int().describe("The revision that all its workers act on; 0: none yet"),
      api: z.string().optional().describe("Where its control API is"),
      host: z.string().optional().describe("Its machine's name"),
    }),
  ),
});

/** The body of `GET /v1/fleet`. */
export type FleetAnswer = z.output<typeof fleetSchema>;

/** `GET /v1/fleet`: who shares the table, and how far each has come. */
export function fleetRoutes(api: Api, { services, registry }: ApiDeps): void {
  api.get(
    "/v1/fleet",
    {
      config: { role: "read" },
      schema: {
        summary: "List the live sidecars that share the table",
        description: "404 if no other sidecar can share the table.",
        response: { 200: fleetSchema, ...problemResponses(404, 503) },
      },
    },
    async () => {
      const sidecars = await fleetOf(registry).members();
      return { revision: services.revision, sidecars: [...sidecars] };
    },
  );
}

/** @throws ControlError no_fleet when the table is this sidecar's alone. */
export function fleetOf(registry: ApiDeps["registry"]): FleetView {
  if (registry?.fleet === undefined) throw noFleet();
  return registry.fleet;
}

/**
 * Waits until every live sidecar acts on a revision.
 * @throws FleetLagsError when some do not in time, or nobody can tell.
 */
export async function waitForFleet(fleet: FleetView, revision: number): Promise<void> {
  const lagging = await fleet.whoLags(revision, FLEET_WAIT_MS).catch((error: unknown) => {
    if (!(error instanceof ControlError)) throw error;
    throw new FleetLagsError(revision, error.message, { cause: error });
  });
  if (lagging.length === 0) return;
  const who = lagging.map((each) => `${each.sidecar} (at ${each.revision})`).join(", ");
  throw new FleetLagsError(revision, `${who} did not follow within ${FLEET_WAIT_MS / 1_000} s`);
}
