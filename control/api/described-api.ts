import fastifySwagger from "@fastify/swagger";
import type { FastifyInstance } from "fastify";
import { jsonSchemaTransform } from "fastify-type-provider-zod";
import { z } from "zod";
import type { Api } from "./deps.ts";
import { problemResponses } from "./problem.ts";

const DESCRIPTION = {
  description: "OpenAPI 3.1",
  content: { "application/json": { schema: z.looseObject({}) } },
};

/** Has an API know what it consists of, from its routes to come. `version`: of this program. */
export function describeApi(app: FastifyInstance, version: string): void {
  app.register(fastifySwagger, {
    openapi: {
      openapi: "3.1.0",
      info: { title: "Sluice control API", version },
    },
    transform: withRole,
  });
}

/** `GET /v1/openapi.json`: what the API consists of. */
export function descriptionRoute(api: Api): void {
  api.get(
    "/v1/openapi.json",
    {
      config: { role: "read" },
      schema: { summary: "Read this description", response: { 200: DESCRIPTION } },
    },
    async (_request, reply) => reply.type("application/json").send({ ...api.swagger() }),
  );
}

/** A route's description, with the role that it takes and the answers of those who lack it. */
const withRole: typeof jsonSchemaTransform = (data) => {
  const { role = "anyone" } = data.route.config ?? {};
  const failures = role === "anyone" ? {} : problemResponses(401, 403, 429);
  const { response, ...parts } = data.schema;
  const described = { ...parts, response: { ...(response as object), ...failures } };
  const { schema, url } = jsonSchemaTransform({ ...data, schema: described });
  return { url, schema: { ...schema, "x-sluice-role": role } };
};
