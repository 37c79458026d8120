import type { FastifyInstance, FastifyRequest } from "fastify";
import { ownPageFolder } from "../base/program-files.ts";
import { auditRoutes } from "./audit-routes.ts";
import { admitCallers } from "./auth/admission.ts";
import { certificatesRoutes } from "./certificates-routes.ts";
import { countsRoutes } from "./counts-routes.ts";
import { describeApi, descriptionRoute } from "./described-api.ts";
import { eventsRoutes } from "./events-routes.ts";
import { fleetRoutes } from "./fleet-routes.ts";
import { filtersRoutes } from "./filters-routes.ts";
import { freezeRoutes } from "./freeze-routes.ts";
import { healthRoutes, unwellOf } from "./health-routes.ts";
import { newHttpServer } from "./http-server.ts";
import type { HttpLimits } from "./http-server.ts";
import { logRoute } from "./log-route.ts";
import { metricsRoute, metricsText } from "./metrics-route.ts";
import { remembered } from "./remembered.ts";
import { migrationRoutes } from "./migration-routes.ts";
import type { Api, ApiDeps } from "./deps.ts";
import { planRoute } from "./plan-route.ts";
import { RefusedWrites } from "./refused-writes.ts";
import { addRoutesOf } from "./routes-of-methods.ts";
import { rolloutRoutes } from "./rollout-routes.ts";
import { secondsRoute } from "./seconds-route.ts";
import { servicesRoutes } from "./services-routes.ts";
import { shadowRoute } from "./shadow-route.ts";
import { sidecarRoutes } from "./sidecar-routes.ts";
import { storeRoute } from "./store-route.ts";
import { PageFiles } from "./page-files.ts";
import { pageRoutes } from "./page-routes.ts";
import { trafficRoutes } from "./traffic-routes.ts";
import { whoamiRoute } from "./whoami-route.ts";

/** A body of this size is a table of thousands of endpoints; a larger one is a mistake. */
export const BODY_BYTES_MAX = 1024 * 1024;

const LIMITS: HttpLimits = {
  // Every event stream there may be, and room for people and scrapers.
  places: { most: 256, crowded: 240 },
  bodyBytes: BODY_BYTES_MAX,
  // 1 MiB over a slow line, or a client that holds the connection on purpose.
  requestTimeoutMs: 30_000,
  headersTimeoutMs: 10_000,
  // Longer than the usual 60 s between scrapes.
  keepAliveTimeoutMs: 75_000,
};

/**
 * The control API over HTTP, not yet listening: call `listen()` to start it and `close()` to end
 * it. `/v1/openapi.json` describes it.
 */
export function createApi(deps: ApiDeps): FastifyInstance {
  const refusedWrites = new RefusedWrites(deps);
  const note = (error: unknown, request: FastifyRequest): void => {
    deps.calls.note(error, request);
    refusedWrites.note(error, request);
  };
  const app = newHttpServer(LIMITS, deps.log, note, deps.tls);
  admitCallers(app, deps);
  describeApi(app, deps.build.version);
  addRoutesOf(app, (api) => addRoutes(api, deps));
  return app;
}

function addRoutes(api: Api, deps: ApiDeps): void {
  servicesRoutes(api, deps);
  filtersRoutes(api, deps);
  certificatesRoutes(api, deps);
  fleetRoutes(api, deps);
  countsRoutes(api, deps);
  shadowRoute(api, deps);
  migrationRoutes(api, deps);
  planRoute(api, deps);
  rolloutRoutes(api, deps);
  secondsRoute(api, deps);
  freezeRoutes(api, deps);
  eventsRoutes(api, deps);
  trafficRoutes(api, deps);
  auditRoutes(api, deps);
  sidecarRoutes(api, deps);
  storeRoute(api, deps);
  healthRoutes(api, deps.sidecar, async () => unwellOf(deps));
  // Made anew for whoever asks, but never twice at once.
  metricsRoute(
    api,
    remembered(() => metricsText(deps), 0, deps.clock),
  );
  logRoute(api, deps.logging);
  whoamiRoute(api);
  pageRoutes(api, new PageFiles(ownPageFolder()));
  descriptionRoute(api);
}
