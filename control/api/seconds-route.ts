import { z } from "zod";
import { secondsDocumentSchema } from "../fleet/seconds-document.ts";
import { hasEnded } from "../rollout/rollout.ts";
import { RolloutVerbError } from "../rollout/rollout-errors.ts";
import type { Api, ApiDeps } from "./deps.ts";
import { problemResponses } from "./problem.ts";

const params = z.object({
  id: z.string().describe("Of a rollout, or of a service for its latest"),
});

const query = z.strictObject({
  after: z.coerce
    .number()
    .int()
    .min(0)
    .default(0)
    .describe("Seconds after this one, since the Unix epoch; absent: all that are known"),
});

/**
 * `GET /v1/rollouts/{id}/seconds`: what this sidecar has counted by the second, for whoever leads
 * the rollout. It asks nobody else.
 */
export function secondsRoute(api: Api, { rollouts, ownSeconds, ownCounts }: ApiDeps): void {
  api.get(
    "/v1/rollouts/:id/seconds",
    {
      config: { role: "read" },
      schema: {
        summary: "Read what both versions of a rollout did here by the second",
        description:
          "For the sidecar that leads it, once a second. Workers count that from the first " +
          "question on, and stop when nobody has asked for 30 s. They keep ten seconds.",
        params,
        querystring: query,
        response: { 200: secondsDocumentSchema, ...problemResponses(404, 409, 422, 503) },
      },
    },
    async (request, reply) => {
      const { id, spec, phase } = rollouts.get(request.params.id);
      if (hasEnded({ phase })) throw new RolloutVerbError("count", id, "one under way", phase);
      const versions = [spec.from, spec.to];
      const question = { service: spec.service, versions, afterS: request.query.after };
      const { sidecar } = ownCounts;
      return reply.send({ sidecar, versions, ...(await ownSeconds(question)) });
    },
  );
}
