import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { durationFrom, strict } from "../config/schema-parts.ts";
import { rolloutRequest } from "../rollout/rollout-schema.ts";
import type { Rollout } from "../rollout/rollout.ts";
import type { Rollouts } from "../rollout/rollouts.ts";
import { VERBS } from "../rollout/verbs.ts";
import type { Verb } from "../rollout/verbs.ts";
import { rolloutView, rolloutViewSchema } from "../rollout/rollout-view.ts";
import type { RolloutView } from "../rollout/rollout-view.ts";
import { reasonRequired } from "./api-errors.ts";
import { assertMay } from "./auth/permission.ts";
import type { Api, ApiDeps } from "./deps.ts";
import { problemResponses } from "./problem.ts";
import { askerOf, reasonHeaders } from "./write-context.ts";

const rolloutParams = z.object({
  id: z.string().describe("Of a rollout, or of a service for its latest"),
});

/** Longest ramp of an abort: whoever has more time does not need an abort. */
const RAMP_MAX_MS = 3_600_000;

const failures = problemResponses(400, 404, 409, 412, 413, 415, 422, 503);

const verbBody = strict({
  full: z.boolean().optional().describe("promote: give it everything at once; absent: false"),
  ramp: durationFrom(1_000, "1s")
    .refine((ms) => ms <= RAMP_MAX_MS, { error: "a duration of at most 1h" })
    .optional()
    .describe("abort, undo: give everything back bit by bit in this time; absent: at once"),
}).nullish();

const listSchema = z.object({
  rollouts: z.array(rolloutViewSchema).describe("The latest first; of a service the last six"),
});

/** The body of `GET /v1/rollouts`. */
export type RolloutList = z.output<typeof listSchema>;

const explanationSchema = z.object({ explanation: z.array(z.string()).describe("Sentences") });

/** The body of `GET /v1/rollouts/{id}/explain`. */
export type Explanation = z.output<typeof explanationSchema>;

/** What each verb does, for openapi.json. */
const SUMMARIES: Readonly<Record<Verb, string>> = {
  promote: "Go on to the rollout's next stage or weight",
  pause: "Stay at the weight; an abort by evidence is still possible",
  resume: "Go on after a pause, with a new wait for evidence",
  abort: "Give everything back to the old version, at once or bit by bit",
  undo: "Take a successful rollout back",
};

/** Everything under `/v1/rollouts`: what is about one asks itself whether the caller may. */
export function rolloutRoutes(api: Api, deps: ApiDeps): void {
  beginRoute(api, deps);
  readRoutes(api, deps);
  explainRoute(api, deps);
  for (const verb of VERBS) verbRoute(api, deps, verb);
  retryRoute(api, deps);
}

function beginRoute(api: Api, { rollouts }: ApiDeps): void {
  api.post(
    "/v1/rollouts",
    {
      config: { role: "shift", asksLater: true },
      schema: {
        summary: "Begin a rollout",
        description: "Moves a service from one version to another, by what its requests show.",
        headers: reasonHeaders,
        body: rolloutRequest,
        response: { 201: rolloutViewSchema, ...failures },
      },
    },
    async (request, reply) => {
      const { body } = request;
      const by = askerOf(request);
      if (body.force === true && by.reason === undefined) throw reasonRequired();
      for (const { service } of [body, ...(body.group ?? [])]) assertMayShift(request, service);
      const rollout = await rollouts.begin(body, by);
      return created(reply, viewOf(rollouts, rollout.id));
    },
  );
}

function readRoutes(api: Api, { rollouts }: ApiDeps): void {
  api.get(
    "/v1/rollouts",
    {
      config: { role: "read" },
      schema: { summary: "List rollouts", response: { 200: listSchema } },
    },
    async () => {
      return { rollouts: rollouts.list().map(({ id }) => viewOf(rollouts, id)) };
    },
  );
  api.get(
    "/v1/rollouts/:id",
    {
      config: { role: "read" },
      schema: {
        summary: "Read one rollout",
        params: rolloutParams,
        response: { 200: rolloutViewSchema, ...problemResponses(404) },
      },
    },
    async (request, reply) => reply.send(viewOf(rollouts, request.params.id)),
  );
}

function explainRoute(api: Api, { rollouts }: ApiDeps): void {
  api.get(
    "/v1/rollouts/:id/explain",
    {
      config: { role: "read" },
      schema: {
        summary: "Explain a rollout in sentences, with a forecast",
        params: rolloutParams,
        response: { 200: explanationSchema, ...problemResponses(404) },
      },
    },
    async (request, reply) => {
      return reply.send({ explanation: [...rollouts.explain(request.params.id)] });
    },
  );
}

function verbRoute(api: Api, { rollouts }: ApiDeps, verb: Verb): void {
  api.post(
    `/v1/rollouts/:id/${verb}`,
    {
      config: { role: "shift", asksLater: true },
      schema: {
        summary: SUMMARIES[verb],
        headers: reasonHeaders,
        params: rolloutParams,
        body: verbBody,
        response: { 200: rolloutViewSchema, ...failures },
      },
    },
    async (request) => {
      const { id } = request.params;
      assertMayShiftAll(request, rollouts.get(id));
      const { full = false, ramp: rampMs } = request.body ?? {};
      await rollouts.act(id, verb, { ...askerOf(request), full, rampMs });
      return viewOf(rollouts, id);
    },
  );
}

function retryRoute(api: Api, { rollouts }: ApiDeps): void {
  api.post(
    "/v1/rollouts/:id/retry",
    {
      config: { role: "shift", asksLater: true },
      schema: {
        summary: "Begin an aborted rollout again, from its beginning",
        headers: reasonHeaders,
        params: rolloutParams,
        response: { 201: rolloutViewSchema, ...failures },
      },
    },
    async (request, reply) => {
      assertMayShiftAll(request, rollouts.get(request.params.id));
      const rollout = await rollouts.retry(request.params.id, askerOf(request));
      return created(reply, viewOf(rollouts, rollout.id));
    },
  );
}

/** @throws ForbiddenError */
function assertMayShift({ principal }: FastifyRequest, service: string): void {
  assertMay(principal, { role: "shift", service });
}

/** What is done to one of a group is done to all. @throws ForbiddenError */
function assertMayShiftAll(request: FastifyRequest, { spec }: Rollout): void {
  for (const service of spec.group?.services ?? [spec.service]) assertMayShift(request, service);
}

/** @throws UnknownRolloutError */
function viewOf(rollouts: Rollouts, id: string): RolloutView {
  const rollout = rollouts.get(id);
  return rolloutView(rollout, rollouts.live(rollout.id));
}

function created(reply: FastifyReply, view: RolloutView): FastifyReply {
  return reply.code(201).header("location", `/v1/rollouts/${view.id}`).send(view);
}
