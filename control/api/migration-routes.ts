import { z } from "zod";
import { strict } from "../config/schema-parts.ts";
import { UnknownVersionError } from "../base/errors.ts";
import { migrationSchema } from "../views/service-view.ts";
import type { Api, ApiDeps } from "./deps.ts";
import { problemResponses } from "./problem.ts";

const params = z.object({ service: z.string(), version: z.string() });

const body = strict({
  action: z
    .enum(["resume", "stop"], { error: "one of resume, stop" })
    .describe("resume: continue after it stopped by itself. stop: end it; what is left stays"),
});

/**
 * What people may do about the migration of a version. It changes no table: there is no If-Match.
 */
export function migrationRoutes(api: Api, { services, migrations }: ApiDeps): void {
  api.post(
    "/v1/services/:service/versions/:version/migration",
    {
      config: { role: "shift" },
      schema: {
        summary: "Resume or stop a migration",
        params,
        body,
        response: { 200: migrationSchema, ...problemResponses(400, 404, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const { service, version } = request.params;
      const name = { service, version };
      // A version that has been taken out of the table may still migrate.
      if (migrations.view(name) === undefined) {
        const { versions } = services.snapshot(service);
        if (!versions.some((each) => each.name === version)) {
          throw new UnknownVersionError(service, version);
        }
      }
      return reply.send(migrations.act(name, request.body.action));
    },
  );
}
