import type { FastifyInstance } from "fastify";
import type { Principal } from "./auth/principal.ts";
import type { ApiDeps } from "./deps.ts";
import { healthRoutes, unwellOf } from "./health-routes.ts";
import { newHttpServer } from "./http-server.ts";
import type { HttpLimits } from "./http-server.ts";
import { metricsRoute, metricsText } from "./metrics-route.ts";
import { remembered } from "./remembered.ts";
import { addRoutesOf } from "./routes-of-methods.ts";

/** A few scrapers and probes, on a port that all of a network may reach. */
const LIMITS: HttpLimits = {
  places: { most: 64, crowded: 56 },
  bodyBytes: 1,
  requestTimeoutMs: 10_000,
  headersTimeoutMs: 5_000,
  // Longer than the usual 60 s between scrapes.
  keepAliveTimeoutMs: 75_000,
};

/**
 * How long an answer that asks all workers, or looks at all of the table, does for others: whoever
 * asks without end must not keep the sidecar busy. Nobody scrapes more often.
 */
const REMEMBERED_MS = 1_000;

/** Whoever can connect may look. */
const ANYBODY: Principal = {
  actor: "anonymous",
  role: "read",
  services: [],
  stands: () => true,
};

/**
 * What scrapers and probes of other machines may see, and nothing else: `/metrics`, `/livez` and
 * `/readyz`. Not yet listening, as createApi().
 */
export function createMetricsServer(deps: ApiDeps): FastifyInstance {
  const { clock, sidecar } = deps;
  const text = remembered(() => metricsText(deps), REMEMBERED_MS, clock);
  const unwell = remembered(async () => unwellOf(deps), REMEMBERED_MS, clock);
  const app = newHttpServer(LIMITS, deps.log);
  app.decorateRequest("principal");
  app.addHook("onRequest", async (request) => {
    request.principal = ANYBODY;
  });
  addRoutesOf(app, (api) => {
    healthRoutes(api, sidecar, unwell);
    metricsRoute(api, text);
  });
  return app;
}
