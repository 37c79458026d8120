import { z } from "zod";
import { name, strict } from "../config/schema-parts.ts";
import type { Freeze } from "../rollout/freezes.ts";
import { noFreeze, reasonRequired } from "./api-errors.ts";
import { assertMay } from "./auth/permission.ts";
import type { Api, ApiDeps } from "./deps.ts";
import { problemResponses } from "./problem.ts";
import { askerOf, reasonHeaders } from "./write-context.ts";

const freezeView = z.object({
  service: z.string().optional().describe("Absent: all services"),
  until: z.iso.datetime(),
  since: z.iso.datetime(),
  actor: z.string(),
  reason: z.string().optional(),
});

const listSchema = z.object({ freezes: z.array(freezeView) });

/** The body of `GET /v1/freezes`. */
export type FreezeList = z.output<typeof listSchema>;

const freezeBody = strict({
  service: name.optional().describe("Absent: all services"),
  until: z.iso.datetime({ offset: true, error: "a time such as 2026-12-24T18:00:00Z" }),
});

const freezeQuery = strict({
  service: name.optional().describe("Absent: the one of all services"),
});

/** Everything under `/v1/freezes`. */
export function freezeRoutes(api: Api, { rollouts, services }: ApiDeps): void {
  api.get(
    "/v1/freezes",
    {
      config: { role: "read" },
      schema: { summary: "List freezes that have not ended", response: { 200: listSchema } },
    },
    async () => ({ freezes: rollouts.freezes().map(viewOf) }),
  );
  api.post(
    "/v1/freezes",
    {
      config: { role: "shift", asksLater: true },
      schema: {
        summary: "Keep weights as they are until a time",
        description: "Shifts and rollouts are refused until then; an abort is not.",
        headers: reasonHeaders,
        body: freezeBody,
        response: { 200: freezeView, ...problemResponses(400, 404, 413, 415, 422, 503) },
      },
    },
    async (request, reply) => {
      const { service, until } = request.body;
      assertMay(request.principal, { role: "shift", service });
      if (service !== undefined) services.document(service);
      const by = askerOf(request);
      if (by.reason === undefined) throw reasonRequired("freeze");
      return reply.send(viewOf(await rollouts.freeze(service, Date.parse(until), by)));
    },
  );
  api.delete(
    "/v1/freezes",
    {
      config: { role: "shift", asksLater: true },
      schema: {
        summary: "End a freeze",
        headers: reasonHeaders,
        querystring: freezeQuery,
        response: { 200: listSchema, ...problemResponses(400, 404, 503) },
      },
    },
    async (request, reply) => {
      const { service } = request.query;
      assertMay(request.principal, { role: "shift", service });
      if (!(await rollouts.thaw(service, askerOf(request)))) throw noFreeze(service);
      return reply.send({ freezes: rollouts.freezes().map(viewOf) });
    },
  );
}

function viewOf({ service, untilMs, sinceMs, actor, reason }: Freeze): z.output<typeof freezeView> {
  const [until, since] = [untilMs, sinceMs].map((ms) => new Date(ms).toISOString());
  return { service, until: until ?? "", since: since ?? "", actor, reason };
}
