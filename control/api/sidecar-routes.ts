import type { ServerResponse } from "node:http";
import { z } from "zod";
import { duration } from "../config/schema-parts.ts";
import { TRIAL_DEFAULT_MS, TRIAL_MAX_MS } from "../workers/swap.ts";
import type { Api, ApiDeps } from "./deps.ts";
import { problemResponses } from "./problem.ts";
import { askerOf, flag, forcingAsker, reasonHeaders, writeQuery } from "./write-context.ts";

const trial = duration.refine((ms) => ms <= TRIAL_MAX_MS, { error: "a duration of at most 10m" });

/** The sidecar as a whole: drain, reload, and other code. */
export function sidecarRoutes(api: Api, { sidecar }: ApiDeps): void {
  api.post(
    "/v1/drain",
    {
      config: { role: "admin" },
      schema: {
        summary: "Drain this sidecar",
        description:
          "Answers at once; `readyz` is 503 from then on. A second call changes nothing.",
        headers: reasonHeaders,
        response: { 202: z.object({ draining: z.boolean() }), ...problemResponses(400) },
      },
    },
    async (request, reply) => {
      sidecar.drain(askerOf(request));
      return reply.code(202).send({ draining: sidecar.draining });
    },
  );
  reloadRoute(api, sidecar);
  swapRoute(api, sidecar);
  upgradeRoute(api, sidecar);
}

function reloadRoute(api: Api, sidecar: ApiDeps["sidecar"]): void {
  const query = writeQuery.extend({
    plan: flag.describe("Only say what a reload would do"),
    restore: z
      .string()
      .optional()
      .describe("Services to put back as the file has them, separated by commas; `*`: all"),
  });
  api.post(
    "/v1/reload",
    {
      config: { role: "admin" },
      schema: {
        summary: "Read the configuration file again",
        description:
          "Changes what has changed in the file. Weights, states and whatever else has been " +
          "changed since stay, unless the file has changed them too or `restore` names the " +
          "service. A file that cannot be used changes nothing.",
        headers: reasonHeaders,
        querystring: query,
        response: { 200: z.looseObject({}), ...problemResponses(400, 409, 422, 503) },
      },
    },
    async (request, reply) => {
      const { plan, restore } = request.query;
      const names = restore?.split(",").filter((name) => name !== "") ?? [];
      const report = await sidecar.reload({ plan, restore: names, ...forcingAsker(request) });
      return reply.send({ ...report });
    },
  );
}

function swapRoute(api: Api, sidecar: ApiDeps["sidecar"]): void {
  const pids = z.array(z.int());
  api.post(
    "/v1/workers/swap",
    {
      config: { role: "admin" },
      schema: {
        summary: "Replace the workers' code with the code on disk",
        description:
          "Answers once the new workers serve. Until then, and if they fail their trial, the old " +
          "workers continue. A trial ends when its caller closes the connection.",
        headers: reasonHeaders,
        body: z
          .strictObject({
            release: z.string().optional().describe("A folder in the configured `releases`"),
            trial: trial
              .optional()
              .describe("How long to try new workers; default 2s, at most 10m"),
          })
          .nullish(),
        response: {
          200: z.object({ started: pids, retired: pids }),
          ...problemResponses(400, 409, 422),
        },
      },
    },
    async (request, reply) => {
      const { release, trial: trialMs = TRIAL_DEFAULT_MS } = request.body ?? {};
      const { signal } = endOf(reply.raw);
      const options = { release, trialMs, signal, by: askerOf(request) };
      const { started, retired } = await sidecar.swap(options);
      return reply.send({ started: [...started], retired: [...retired] });
    },
  );
}

/** Aborts when a response can reach nobody any more. */
function endOf(response: ServerResponse): AbortController {
  const ended = new AbortController();
  response.once("close", () => ended.abort());
  return ended;
}

function upgradeRoute(api: Api, sidecar: ApiDeps["sidecar"]): void {
  api.post(
    "/v1/upgrade",
    {
      config: { role: "admin" },
      schema: {
        summary: "Start a new process in this one's place",
        description:
          "Answers once the new primary and its workers serve. It takes over the sockets, the " +
          "table and the connections; this process ends after its last response.",
        headers: reasonHeaders,
        querystring: z.strictObject({
          force: flag.describe(
            "Even if whoever supervises this process takes its end for the service's; " +
              "X-Sluice-Reason must say why",
          ),
        }),
        body: z.strictObject({ release: z.string().optional() }).nullish(),
        response: {
          200: z.object({ pid: z.int(), replaced: z.int() }),
          ...problemResponses(400, 409, 422, 503),
        },
      },
    },
    async (request, reply) => {
      const { release } = request.body ?? {};
      const { force = false, ...by } = forcingAsker(request);
      return reply.send(await sidecar.upgrade({ release, force, by }));
    },
  );
}
