import { z } from "zod";
import { ControlError } from "../base/errors.ts";
import { recordOf } from "../base/record-of.ts";
import { countsDocument, countsDocumentSchema, FLEET_HEADER } from "../fleet/counts-document.ts";
import { sumsOf } from "../fleet/fleet-counts.ts";
import type { CollectedCounts } from "../fleet/fleet-counts.ts";
import { countsOf, versionCountsSchema } from "../fleet/version-counts.ts";
import { noFleet } from "./api-errors.ts";
import type { Api, ApiDeps } from "./deps.ts";
import { problemResponses } from "./problem.ts";

const query = z.strictObject({
  service: z.string().optional().describe("Whose versions; absent: no counts, only who answers"),
});

const fleetCountsSchema = z.object({
  seen: z.int().describe("Sidecars whose counts are in the sums"),
  of: z.int().describe("Live sidecars that share the table"),
  missing: z
    .array(z.object({ sidecar: z.string(), reason: z.string() }))
    .describe("The others, and why they could not be asked"),
  sidecars: z.array(countsDocumentSchema.pick({ sidecar: true, epoch: true, revision: true })),
  versions: z.record(z.string(), versionCountsSchema).describe("Sums, by the version's name"),
});

/** The answer of `GET /v1/fleet/counts`. */
export type FleetCountsAnswer = z.output<typeof fleetCountsSchema>;

/**
 * `GET /v1/counts`: what this sidecar has counted; it asks nobody. `GET /v1/fleet/counts`: what all
 * have, each of which is asked for its own.
 */
export function countsRoutes(api: Api, { ownCounts, fleetCounts }: ApiDeps): void {
  api.get(
    "/v1/counts",
    {
      config: { role: "read" },
      schema: {
        summary: "Read what this sidecar has counted of a service's versions",
        querystring: query,
        response: { 200: countsDocumentSchema, ...problemResponses(404, 422, 503) },
      },
    },
    async (request, reply) => {
      return reply.send(countsDocument(await ownCounts.of(request.query.service)));
    },
  );
  api.get(
    "/v1/fleet/counts",
    {
      config: { role: "read" },
      schema: {
        summary: "Add up what all sidecars have counted of a service's versions",
        description:
          "Asks every live sidecar that shares the table, for 5 s at most, and says who is " +
          "missing. A sum goes back when a sidecar ends, or starts again. 404 if no table is " +
          "shared.",
        querystring: query,
        response: { 200: fleetCountsSchema, ...problemResponses(404, 422, 503, 508) },
      },
    },
    async (request, reply) => {
      if (request.headers[FLEET_HEADER] !== undefined) throw fleetLoop();
      if (fleetCounts === undefined) throw noFleet();
      return reply.send(answerOf(await fleetCounts.collect(request.query.service)));
    },
  );
}

function answerOf({ sidecars, missing }: CollectedCounts): FleetCountsAnswer {
  const sums = [...sumsOf(sidecars)].map(([name, totals]) => [name, countsOf(totals)] as const);
  return {
    seen: sidecars.length,
    of: sidecars.length + missing.length,
    missing: [...missing],
    sidecars: sidecars.map(({ sidecar, epoch, revision }) => ({ sidecar, epoch, revision })),
    versions: recordOf(sums),
  };
}

/** A sidecar asks another one to ask everybody (RFC 5842 section 7.2). */
function fleetLoop(): ControlError {
  const message =
    "Cannot ask the fleet: wanted a question that no sidecar has passed on, found one";
  return new ControlError("fleet_loop", 508, message);
}
