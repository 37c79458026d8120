import { z } from "zod";
import type { Api, ApiDeps } from "./deps.ts";
import { problemResponses } from "./problem.ts";
import { knownTotals } from "./worker-stats.ts";

const sampleSchema = z.object({
  at: z.string().describe("When it was seen"),
  method: z.string(),
  path: z.string().describe("Without its query"),
  status: z.tuple([z.int(), z.int()]).optional().describe("What clients got, and what the copy"),
  headers: z.array(z.string()).optional().describe("Names of fields that differ; never values"),
  body: z.tuple([z.int(), z.int()]).optional().describe("Lengths in bytes"),
});

const shadowSchema = z.object({
  service: z.string(),
  compared: z.int().describe("Answers that were compared with those to copies"),
  different: z.int().describe("Those that differ in anything"),
  status: z.int(),
  headers: z.int(),
  body: z.int(),
  samples: z.array(sampleSchema).describe("The latest differences, newest last"),
});

/** The answer of `GET /v1/services/{service}/shadow`. */
export type ShadowAnswer = z.output<typeof shadowSchema>;

/** `GET /v1/services/{service}/shadow`: how answers differ from those to copies. */
export function shadowRoute(api: Api, { services, workers, clock }: ApiDeps): void {
  api.get(
    "/v1/services/:service/shadow",
    {
      config: { role: "read" },
      schema: {
        summary: "Read how a service's answers differ from those to copies of its requests",
        params: z.object({ service: z.string() }),
        response: { 200: shadowSchema, ...problemResponses(404, 503) },
      },
    },
    async (request, reply) => {
      const { name } = services.snapshot(request.params.service);
      const totals = await knownTotals(workers, clock);
      const found = totals.shadow(name);
      return reply.send({
        service: name,
        compared: found?.compared ?? 0,
        different: found?.different ?? 0,
        status: found?.status ?? 0,
        headers: found?.headers ?? 0,
        body: found?.body ?? 0,
        samples: (found?.samples ?? []).map(({ atMs, status, headers, body, method, path }) => ({
          at: new Date(atMs).toISOString(),
          method,
          path,
          ...(status !== undefined && { status: [...status] as [number, number] }),
          ...(headers !== undefined && { headers: [...headers] }),
          ...(body !== undefined && { body: [...body] as [number, number] }),
        })),
      });
    },
  );
}
