import fastifySwagger from "@fastify/swagger";
import fastify from "fastify";
import type { FastifyInstance } from "fastify";
import { jsonSchemaTransform, serializerCompiler } from "fastify-type-provider-zod";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { MethodNotAllowedError, unknownPath } from "./api-errors.ts";
import { auditRoutes } from "./audit-routes.ts";
import { admitCallers } from "./auth/admission.ts";
import { RefusedCalls } from "./auth/refused-calls.ts";
import { certificatesRoutes } from "./certificates-routes.ts";
import { guardAgainstPages } from "./browser-guard.ts";
import { keepPlaces } from "./connection-places.ts";
import { eventsRoutes } from "./events-routes.ts";
import { fleetRoutes } from "./fleet-routes.ts";
import { filtersRoutes } from "./filters-routes.ts";
import { metricsRoute } from "./metrics-route.ts";
import { migrationRoutes } from "./migration-routes.ts";
import type { Api, ApiDeps } from "./deps.ts";
import { planRoute } from "./plan-route.ts";
import { problemResponses, sendProblem } from "./problem.ts";
import { RefusedWrites } from "./refused-writes.ts";
import { servicesRoutes } from "./services-routes.ts";
import { sidecarRoutes } from "./sidecar-routes.ts";
import { validateBySchema } from "./validate.ts";
import { whoamiRoute } from "./whoami-route.ts";

const DESCRIPTION = {
  description: "OpenAPI 3.1",
  content: { "application/json": { schema: z.looseObject({}) } },
};

/** A body of this size is a table of thousands of endpoints; a larger one is a mistake. */
export const BODY_BYTES_MAX = 1024 * 1024;

/**
 * For a whole request: 1 MiB over a slow line, or a client that holds the connection on purpose.
 */
const REQUEST_TIMEOUT_MS = 30_000;

/** For a request's head. */
const HEADERS_TIMEOUT_MS = 10_000;

/** For the next request on a connection: longer than the usual 60 s between scrapes. */
const KEEP_ALIVE_TIMEOUT_MS = 75_000;

/** Longest part of a path: the address of a Unix socket, percent-encoded. */
const PATH_PART_MAX = 400;

/**
 * The control API over HTTP, not yet listening: call `listen()` to start it and `close()` to end
 * it. `/v1/openapi.json` describes it.
 */
export function createApi(deps: ApiDeps): FastifyInstance {
  const { access, clock, services } = deps;
  const refusedWrites = new RefusedWrites(deps);
  const refusals = new RefusedCalls({ ...deps, revision: () => services.revision });
  const app = fastify({
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    http: { headersTimeout: HEADERS_TIMEOUT_MS },
    routerOptions: { maxParamLength: PATH_PART_MAX },
    // We set our own below. Without these fastify would load its compilers, and all of ajv with
    // them.
    schemaController: {
      compilersFactory: { buildValidator: noCompiler, buildSerializer: noCompiler },
    },
    frameworkErrors: (error, request, reply) => sendProblem(error, request, reply, deps.log),
  });
  keepPlaces(app.server);
  app.removeContentTypeParser("text/plain");
  app.setValidatorCompiler(validateBySchema);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler((error, request, reply) => {
    refusals.note(error, request);
    refusedWrites.note(error, request);
    sendProblem(error, request, reply, deps.log);
  });
  app.setNotFoundHandler((request) => {
    throw unknownPath(request.method);
  });
  app.addHook("onRequest", guardAgainstPages);
  admitCallers(app, { access, refusals, clock });
  describe(app, deps.build.version);
  refuseOtherMethods(app, (api) => addRoutes(api, deps, refusals));
  return app;
}

function noCompiler(): never {
  throw new Error("Cannot compile schema: no compiler was set");
}

function describe(app: FastifyInstance, version: string): void {
  app.register(fastifySwagger, {
    openapi: {
      openapi: "3.1.0",
      info: { title: "Sluice control API", version },
    },
    transform: withRole,
  });
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

function addRoutes(api: Api, deps: ApiDeps, refusals: RefusedCalls): void {
  servicesRoutes(api, deps);
  filtersRoutes(api, deps);
  certificatesRoutes(api, deps);
  fleetRoutes(api, deps);
  migrationRoutes(api, deps);
  planRoute(api, deps);
  eventsRoutes(api, deps);
  auditRoutes(api, deps);
  sidecarRoutes(api, deps);
  metricsRoute(api, deps, refusals);
  whoamiRoute(api);
  api.get(
    "/v1/openapi.json",
    {
      config: { role: "read" },
      schema: { summary: "Read this description", response: { 200: DESCRIPTION } },
    },
    async (_request, reply) => reply.type("application/json").send({ ...api.swagger() }),
  );
}

/** Adds routes, and to each path a 405 with Allow for the methods that it does not take. */
function refuseOtherMethods(app: FastifyInstance, addAll: (api: Api) => void): void {
  const taken = new Map<string, Set<string>>();
  app.register(async (scope) => {
    scope.addHook("onRoute", ({ url, method }) => {
      const methods = taken.get(url) ?? new Set();
      for (const each of [method].flat()) methods.add(each);
      taken.set(url, methods);
    });
    addAll(scope.withTypeProvider<ZodTypeProvider>());
  });
  app.register(async (scope) => {
    for (const [url, methods] of taken) {
      const allow = [...methods].toSorted().join(", ");
      const method = scope.supportedMethods.filter((each) => !methods.has(each));
      const refuse = async (request: { readonly method: string }): Promise<never> => {
        throw new MethodNotAllowedError(request.method, allow);
      };
      // Refused before anybody looks at its body: the method comes first, whatever the body is.
      const route = { url, method, schema: { hide: true }, onRequest: refuse, handler: refuse };
      scope.route({ ...route, config: { role: "read" } });
    }
  });
}
