import { z } from "zod";
import { appendFact } from "../records/append-fact.ts";
import { noFleet } from "./api-errors.ts";
import type { Api, ApiDeps } from "./deps.ts";
import { problemResponses } from "./problem.ts";
import { askerOf, reasonHeaders } from "./write-context.ts";

const rewrittenSchema = z.object({
  revision: z.int().describe("The table's own revision, which is no new one"),
  signed: z.boolean().describe("Whether it has a signature now"),
});

/** The answer of `POST /v1/store/rewrite`. */
export type RewriteAnswer = z.output<typeof rewrittenSchema>;

const booleanText = z.enum(["true", "false"], { error: "true or false" });

/** `POST /v1/store/rewrite`: the table in force, over whatever stands in its place. */
export function storeRoute(api: Api, deps: ApiDeps): void {
  api.post(
    "/v1/store/rewrite",
    {
      config: { role: "admin" },
      schema: {
        summary: "Write the last good table to Consul again",
        description:
          "Over whatever stands there: a table that is not signed, forged, or an old one. With " +
          "a signature of this sidecar's, or as it was signed. 404 if the table is not shared.",
        headers: reasonHeaders,
        querystring: z.strictObject({
          signed: booleanText.default("true").describe("false: without a signature"),
        }),
        response: { 200: rewrittenSchema, ...problemResponses(400, 404, 409, 412, 422, 503) },
      },
    },
    async (request, reply) => {
      const { shared } = deps.registry ?? {};
      if (shared === undefined) throw noFleet();
      const { actor, reason } = askerOf(request);
      const { revision, isSigned } = await shared.store.rewrite(request.query.signed === "true");
      deps.log.info("store.rewritten", { revision, signed: isSigned, actor, reason });
      const fact = { actor, action: "rewrite", service: "", reason, revision };
      await appendFact(deps, { ...fact, before: undefined, after: { signed: isSigned } });
      return reply.send({ revision, signed: isSigned });
    },
  );
}
