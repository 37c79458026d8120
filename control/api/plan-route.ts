import { z } from "zod";
import { readBy } from "../config/problems.ts";
import { serviceSchema } from "../config/service-schema.ts";
import { ValidationError } from "../base/errors.ts";
import { known, putWrite, shiftWrite } from "../table/service-writes.ts";
import type { WriteContext } from "../table/table-sink.ts";
import type { Write } from "../table/table-write.ts";
import type { Api, ApiDeps } from "./deps.ts";
import { planChange, planSchema } from "./plan.ts";
import { permitOf } from "./auth/permission.ts";
import { problemResponses } from "./problem.ts";
import { weightsSchema } from "./services-routes.ts";
import { validateAllButBody } from "./validate.ts";
import { askWorkers, totalsOrZeros } from "./worker-stats.ts";
import { entityTag, writeQuery } from "./write-context.ts";

/** `POST /v1/services/{service}/plan`: what a change would do. */
export function planRoute(api: Api, { services, workers, clock }: ApiDeps): void {
  api.post(
    "/v1/services/:service/plan",
    {
      config: { role: "shift" },
      validatorCompiler: validateAllButBody,
      schema: {
        summary: "Say what a change would do",
        description:
          "Takes the body of a shift or of a PUT, and changes nothing. Whoever may not make that " +
          "change is told so. A write that would be refused with nothing_would_serve has this " +
          "as a warning.",
        params: z.object({ service: z.string() }),
        querystring: writeQuery.pick({ takeOver: true }),
        body: z.union([weightsSchema, serviceSchema]),
        response: { 200: planSchema, ...problemResponses(400, 404, 409, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const totals = totalsOrZeros(await askWorkers(workers, clock));
      const { service } = request.params;
      const write = writeOf(service, request.body, {
        ...PLAN,
        takeOver: request.query.takeOver,
        permit: permitOf(request.principal),
      });
      const { before, after, warnings } = await services.preview(write);
      const { revision } = before;
      reply.header("etag", entityTag(revision));
      const change = {
        before: before.services.get(service)?.snapshot,
        after: known(service, after.services.get(service)).snapshot,
      };
      const plan = planChange({ ...change, open: totals, workers: workers.pids.length });
      return { revision, ...plan, warnings: [...warnings] };
    },
  );
}

/** Nobody writes. */
const PLAN: WriteContext = { actor: "plan", reason: undefined, ifMatch: "*" };

function writeOf(name: string, body: unknown, context: WriteContext): Write {
  if (!isShift(body)) return putWrite(name, body, context);
  const weights = readBy(weightsSchema, body);
  if (weights.kind === "wrong") throw new ValidationError("the body", weights.problems);
  return shiftWrite(name, weights.value, context);
}

/** A shift is an object of numbers and shares; a service is never one, as it has versions. */
function isShift(body: unknown): boolean {
  if (typeof body !== "object" || body === null) return false;
  const values = Object.values(body);
  return (
    values.length > 0 &&
    values.every((value) => typeof value === "number" || typeof value === "string")
  );
}
