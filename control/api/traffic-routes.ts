import { z } from "zod";
import type { Api, ApiDeps } from "./deps.ts";
import { problemResponses } from "./problem.ts";

const pastSchema = z.object({
  moments: z.array(
    z.object({
      time: z.iso.datetime(),
      versions: z
        .record(
          z.string(),
          z.object({
            rate: z.number().describe("Exchanges a second in the 10 s before"),
            errors: z.number().describe("Part of them that failed for the client, 0 … 1"),
            p99Ms: z.number().optional().describe("Absent: none ended, or the kind is tcp"),
          }),
        )
        .describe("Versions that are absent had no traffic"),
    }),
  ),
});

/** The answer of `GET /v1/services/{service}/traffic`. */
export type TrafficAnswer = z.output<typeof pastSchema>;

/** `GET /v1/services/{service}/traffic`: how it went in the last quarter of an hour. */
export function trafficRoutes(api: Api, { services, past }: ApiDeps): void {
  api.addHook("onReady", async () => void past.run());
  api.addHook("onClose", async () => past.end());
  api.get(
    "/v1/services/:service/traffic",
    {
      config: { role: "read" },
      schema: {
        summary: "Read how traffic went in the last 15 minutes",
        description: "A moment for every 10 s since this process began, the oldest first.",
        params: z.object({ service: z.string() }),
        response: { 200: pastSchema, ...problemResponses(404) },
      },
    },
    async (request, reply) => {
      const { service } = request.params;
      services.snapshot(service);
      const moments = past.of(service).map(({ time, versions }) => {
        return { time, versions: { ...versions } };
      });
      return reply.send({ moments });
    },
  );
}
