import type { Server as HttpsServer } from "node:https";
import fastify from "fastify";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { serializerCompiler } from "fastify-type-provider-zod";
import type { Log } from "../../proxy/base/log.ts";
import { unknownPath } from "./api-errors.ts";
import type { ApiTls } from "./api-tls.ts";
import { guardAgainstPages } from "./browser-guard.ts";
import { keepPlaces } from "./connection-places.ts";
import type { Places } from "./connection-places.ts";
import { sendProblem } from "./problem.ts";
import { validateBySchema } from "./validate.ts";

/** What one server bears. */
export type HttpLimits = {
  readonly places: Places;
  /** Of a body; 0: it takes none. */
  readonly bodyBytes: number;
  /** For a whole request. */
  readonly requestTimeoutMs: number;
  /** For a request's head. */
  readonly headersTimeoutMs: number;
  /** For the next request on a connection. */
  readonly keepAliveTimeoutMs: number;
};

/** Longest part of a path: the address of a Unix socket, percent-encoded. */
const PATH_PART_MAX = 400;

/** Takes note of an error that a call ends with. */
type Note = (error: unknown, request: FastifyRequest) => void;

/**
 * A server that answers errors as problems and keeps web pages out, without a route yet. It does
 * not listen: call `listen()` to start it and `close()` to end it.
 */
export function newHttpServer(
  limits: HttpLimits,
  log: Log,
  note: Note = () => undefined,
  tls?: ApiTls,
): FastifyInstance {
  const app = newFastify(limits, log, tls);
  keepPlaces(app.server, limits.places);
  app.removeContentTypeParser("text/plain");
  app.setValidatorCompiler(validateBySchema);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler((error, request, reply) => {
    note(error, request);
    sendProblem(error, request, reply, log);
  });
  app.setNotFoundHandler((request) => {
    throw unknownPath(request.method);
  });
  app.addHook("onRequest", (request) => guardAgainstPages(request, tls));
  if (tls !== undefined) tls.serve(app.server as HttpsServer);
  return app;
}

function newFastify(limits: HttpLimits, log: Log, tls: ApiTls | undefined): FastifyInstance {
  const { headersTimeoutMs: headersTimeout } = limits;
  return fastify({
    bodyLimit: limits.bodyBytes,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    // Fastify's types have a server of another kind then; what we use of it is the same.
    ...(tls
      ? { https: { ...tls.options, headersTimeout } as never }
      : { http: { headersTimeout } }),
    routerOptions: { maxParamLength: PATH_PART_MAX },
    // We set our own below. Without these fastify would load its compilers, and all of ajv with
    // them.
    schemaController: {
      compilersFactory: { buildValidator: noCompiler, buildSerializer: noCompiler },
    },
    frameworkErrors: (error, request, reply) => sendProblem(error, request, reply, log),
  });
}

function noCompiler(): never {
  throw new Error("Cannot compile schema: no compiler was set");
}
