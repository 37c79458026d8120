import type { FastifyReply } from "fastify";
import { z } from "zod";
import { durationFrom, name, named, strict } from "../config/schema-parts.ts";
import { weightOrShare } from "../table/edit-document.ts";
import { serviceSchema } from "../config/service-schema.ts";
import type { ServiceDocument } from "../config/service-schema.ts";
import { assertNothingHidden, withoutSecrets } from "../table/hidden-values.ts";
import { maySeeAll } from "./auth/permission.ts";
import type { Principal } from "./auth/principal.ts";
import { askDrains } from "./drains.ts";
import { fleetOf, waitForFleet } from "./fleet-routes.ts";
import type { Api, ApiDeps } from "./deps.ts";
import { problemResponses } from "./problem.ts";
import { byVersion, serviceView, serviceViewSchema, stateSchema } from "../views/service-view.ts";
import { confirmRoute, shiftOrTry, trialView } from "./shift-trial.ts";
import { validateAllButBody } from "./validate.ts";
import { askWorkers, countsMissing, reasonOf, totalsOrZeros } from "./worker-stats.ts";
import {
  entityTag,
  warningsSchema,
  writeContext,
  writeHeaders,
  writeQuery,
} from "./write-context.ts";
import type { WriteAnswer } from "../table/service-writes.ts";
import type { Warning } from "../table/warnings.ts";

/** Most versions that one shift may name: as many as a service may have. */
const SHIFT_VERSIONS_MAX = 64;

/** The body of a shift: weights, or shares such as `10%`. See withWeights(). */
export const weightsSchema = named(name, weightOrShare, SHIFT_VERSIONS_MAX).refine(
  (weights) => Object.keys(weights).length > 0,
  { error: "at least one version's weight" },
);

/** In every answer in which values may be hidden. */
export const redacted = z
  .literal(true)
  .optional()
  .describe("Values that you may not see are `(hidden)`; absent: you see all");

const serviceParams = z.object({ service: z.string() });
const versionParams = z.object({ service: z.string(), version: z.string() });
const endpointParams = versionParams.extend({ address: z.string() });
const stateBody = strict({ state: stateSchema });

const written = z.object({ revision: z.int(), warnings: warningsSchema });
const writeFailures = problemResponses(400, 404, 409, 412, 413, 415, 422, 428, 503);

/** Everything under `/v1/services` that reads or writes the table. */
export function servicesRoutes(api: Api, deps: ApiDeps): void {
  readRoutes(api, deps);
  replaceRoutes(api, deps);
  undoRoute(api, deps);
  shiftRoute(api, deps);
  confirmRoute(api, deps);
  stateRoutes(api, deps);
}

function readRoutes(api: Api, deps: ApiDeps): void {
  const { services, workers, migrations, rollouts, clock } = deps;
  const listSchema = z.object({
    revision: z.int(),
    services: z.array(serviceViewSchema),
    countsMissing,
  });
  const oneSchema = serviceViewSchema.extend({
    revision: z.int(),
    countsMissing,
    document: z.unknown().describe("As it was written; a PUT takes the same"),
    redacted,
  });
  api.get(
    "/v1/services",
    {
      config: { role: "read" },
      schema: { summary: "Read the table", response: { 200: listSchema } },
    },
    async (_request, reply) => {
      const all = services.names().map((each) => services.snapshot(each));
      const [counts, drains] = await Promise.all([
        askWorkers(workers, clock),
        askDrains(all, migrations, clock),
      ]);
      const totals = totalsOrZeros(counts);
      const { revision } = services;
      const views = services.names().map((each) => ({
        ...serviceView(services.shown(each), totals, drains),
        trial: trialView(rollouts, each),
      }));
      return tagged(reply, revision).send({ revision, services: views, ...reasonOf(counts) });
    },
  );
  api.get(
    "/v1/services/:service",
    {
      config: { role: "read" },
      schema: {
        summary: "Read one service",
        params: serviceParams,
        response: { 200: oneSchema, ...problemResponses(404) },
      },
    },
    async (request, reply) => {
      const { service } = request.params;
      const [counts, drains] = await Promise.all([
        askWorkers(workers, clock),
        askDrains([services.snapshot(service)], migrations, clock),
      ]);
      const view = {
        ...serviceView(services.shown(service), totalsOrZeros(counts), drains),
        trial: trialView(rollouts, service),
      };
      const { revision } = services;
      const document = documentFor(request.principal, service, services.document(service));
      return tagged(reply, revision).send({ ...view, revision, ...document, ...reasonOf(counts) });
    },
  );
}

function replaceRoutes(api: Api, { services }: ApiDeps): void {
  api.put(
    "/v1/services/:service",
    {
      config: { role: "write" },
      validatorCompiler: validateAllButBody,
      schema: {
        summary: "Create or replace a service",
        headers: writeHeaders,
        querystring: writeQuery,
        params: serviceParams,
        body: serviceSchema,
        response: { 200: written, 201: written, ...writeFailures },
      },
    },
    async (request, reply) => {
      const context = writeContext(request);
      const body: unknown = request.body;
      assertNothingHidden("the body", body);
      const { created, ...result } = await services.put(request.params.service, body, context);
      return reply.code(created ? 201 : 200).send(answerOf(reply, result));
    },
  );
  api.delete(
    "/v1/services/:service",
    {
      config: { role: "write" },
      schema: {
        summary: "Remove a service",
        headers: writeHeaders,
        querystring: writeQuery,
        params: serviceParams,
        response: { 200: written, ...writeFailures },
      },
    },
    async (request, reply) => {
      const { service } = request.params;
      return answerOf(reply, await services.remove(service, writeContext(request)));
    },
  );
}

function undoRoute(api: Api, { services }: ApiDeps): void {
  api.post(
    "/v1/services/:service/undo",
    {
      config: { role: "shift" },
      schema: {
        summary: "Make a service what it was before",
        description:
          "Before its latest change or, with `revision`, when the table had that revision. It is " +
          "a write as any other: it can be undone too.",
        headers: writeHeaders,
        querystring: writeQuery,
        params: serviceParams,
        body: strict({ revision: z.int().min(0).optional() }).nullish(),
        response: { 200: written, ...writeFailures },
      },
    },
    async (request, reply) => {
      const { service } = request.params;
      const { revision } = request.body ?? {};
      return answerOf(reply, await services.undo(service, revision, writeContext(request)));
    },
  );
}

function shiftRoute(api: Api, deps: ApiDeps): void {
  api.patch(
    "/v1/services/:service/weights",
    {
      config: { role: "shift" },
      schema: {
        summary: "Shift traffic between versions",
        description:
          "Takes weights, and versions that are not named keep theirs; or shares such as `10%`, " +
          "and the others share the rest in their proportions. Answers once every worker acts " +
          "on the shift, with `wait=fleet` once every live sidecar does (503 fleet_lags names " +
          "the rest).",
        headers: writeHeaders,
        params: serviceParams,
        querystring: writeQuery.extend({
          wait: z.enum(["fleet"], { error: "fleet" }).optional(),
          confirmWithin: durationFrom(1_000, "1s")
            .optional()
            .describe("Take the shift back unless it is confirmed within this time"),
        }),
        body: weightsSchema,
        response: {
          200: z.object({
            revision: z.int(),
            weights: byVersion,
            shares: byVersion,
            warnings: warningsSchema,
          }),
          ...writeFailures,
        },
      },
    },
    async (request, reply) => {
      const { service } = request.params;
      const fleet = request.query.wait === undefined ? undefined : fleetOf(deps.registry);
      const shifted = await shiftOrTry(deps, service, request.body, {
        context: writeContext(request),
        confirmWithinMs: request.query.confirmWithin,
      });
      if (fleet !== undefined) await waitForFleet(fleet, shifted.revision);
      return answerOf(reply, shifted);
    },
  );
}

function stateRoutes(api: Api, { services }: ApiDeps): void {
  api.put(
    "/v1/services/:service/versions/:version/state",
    {
      config: { role: "shift" },
      schema: {
        summary: "Set a version's state",
        headers: writeHeaders,
        querystring: writeQuery,
        params: versionParams,
        body: stateBody,
        response: { 200: written, ...writeFailures },
      },
    },
    async (request, reply) => {
      const { service, version } = request.params;
      const { state } = request.body;
      const context = writeContext(request);
      return answerOf(reply, await services.setVersionState(service, version, state, context));
    },
  );
  api.put(
    "/v1/services/:service/versions/:version/endpoints/:address/state",
    {
      config: { role: "shift" },
      schema: {
        summary: "Set an endpoint's state",
        headers: writeHeaders,
        querystring: writeQuery,
        params: endpointParams,
        body: stateBody,
        response: { 200: written, ...writeFailures },
      },
    },
    async (request, reply) => {
      const { service, version, address } = request.params;
      const change = { version, address, state: request.body.state };
      return answerOf(
        reply,
        await services.setEndpointState(service, change, writeContext(request)),
      );
    },
  );
}

/** A service for somebody to look at: without secrets if they may not replace it. */
function documentFor(
  principal: Principal,
  service: string,
  document: ServiceDocument,
): { readonly document: unknown; readonly redacted?: true } {
  if (maySeeAll(principal, service, document)) return { document };
  const { value, isWhole } = withoutSecrets(document);
  return { document: value, ...(isWhole ? {} : { redacted: true }) };
}

/** What a write came to, as an answer under the new revision's entity tag. */
function answerOf<Result extends WriteAnswer>(
  reply: FastifyReply,
  result: Result,
): Omit<Result, "warnings"> & { warnings: Warning[] } {
  tagged(reply, result.revision);
  return { ...result, warnings: [...result.warnings] };
}

/** A reply that carries the revision as its strong entity tag. */
function tagged<Reply extends FastifyReply>(reply: Reply, revision: number): Reply {
  reply.header("etag", entityTag(revision));
  return reply;
}
