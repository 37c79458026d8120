import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { Log } from "../../proxy/base/log.ts";
import {
  ConfigError,
  ControlError,
  FleetLagsError,
  NothingWouldServeError,
  NotInForceError,
  RevisionConflictError,
  ValidationError,
} from "../base/errors.ts";
import { http } from "../base/node-http.ts";
import { MethodNotAllowedError } from "./api-errors.ts";
import { TooManyAttemptsError, UnauthenticatedError } from "./auth/auth-errors.ts";
import { entityTag } from "./write-context.ts";
import { errorTrace } from "../../proxy/base/error-text.ts";

/** The media type of every error (RFC 9457 section 3). */
const PROBLEM_TYPE = "application/problem+json";

const onePart = z.object({
  path: z.string().describe("Where the problem is; empty for the whole body"),
  wanted: z.string(),
  found: z.string(),
});

/**
 * Every error's body (RFC 9457). `about:blank`: the status says what kind it is, `code` which one.
 */
const problemSchema = z
  .object({
    type: z.literal("about:blank"),
    title: z.string().describe("The status in words"),
    status: z.int(),
    detail: z.string().describe("What failed, for people"),
    code: z.string().describe("Stable, for programs"),
    path: z.string().optional().describe("422: the first of `problems`"),
    problems: z
      .array(onePart)
      .optional()
      .describe("422: everything that is wrong; 409 nothing_would_serve: what would be"),
    revision: z
      .int()
      .optional()
      .describe("412: the current revision; 503 not_in_force and fleet_lags: the stored one"),
  })
  .describe("An error as RFC 9457 defines it");

/** An error's body. */
type ProblemBody = z.infer<typeof problemSchema>;

type ProblemResponse = {
  readonly description: string;
  readonly content: Readonly<
    Record<typeof PROBLEM_TYPE, { readonly schema: typeof problemSchema }>
  >;
};

/** The entries of a route's `response` schema for the statuses that it fails with. */
export function problemResponses<Status extends number>(
  ...statuses: readonly Status[]
): Record<Status, ProblemResponse> {
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      {
        description: http.STATUS_CODES[status] ?? "Error",
        content: { [PROBLEM_TYPE]: { schema: problemSchema } },
      },
    ]),
  ) as Record<Status, ProblemResponse>;
}

/** Our codes for the errors that fastify itself finds. Their statuses are fastify's. */
const CODES: ReadonlyMap<string, { readonly code: string; readonly detail: string }> = new Map(
  Object.entries({
    FST_ERR_CTP_INVALID_JSON_BODY: { code: "bad_json", detail: "Cannot read the body: not JSON" },
    FST_ERR_CTP_EMPTY_JSON_BODY: { code: "bad_json", detail: "Cannot read the body: it is empty" },
    FST_ERR_CTP_INVALID_MEDIA_TYPE: {
      code: "unsupported_media_type",
      detail: "Cannot read the body: wanted Content-Type: application/json",
    },
    FST_ERR_CTP_BODY_TOO_LARGE: {
      code: "body_too_large",
      detail: "Cannot read the body: wanted at most 1 MiB",
    },
    FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
      code: "bad_request",
      detail: "Cannot read the body: it is not as long as Content-Length says",
    },
    FST_ERR_BAD_URL: {
      code: "bad_url",
      detail: "Cannot read the path: a % escape in it is broken",
    },
  }),
);

/**
 * The body that tells a client about `error`. An error that is not meant for clients becomes
 * `internal`.
 */
function problemOf(error: unknown): ProblemBody {
  if (error instanceof ControlError) {
    return { ...blank(error.status, error.code, error.message), ...details(error) };
  }
  const { code, statusCode = 500 } = error as Partial<FastifyError>;
  const known = CODES.get(code ?? "");
  if (known !== undefined) return blank(statusCode, known.code, known.detail);
  if (statusCode >= 400 && statusCode < 500) {
    return blank(statusCode, "bad_request", "Cannot read the request");
  }
  return blank(500, "internal", "Cannot answer: an internal error, see the log");
}

/** Answers a request with `error` as a problem, and logs it when the fault is ours. */
export function sendProblem(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  log: Log,
): void {
  const problem = problemOf(error);
  if (problem.code === "internal") {
    const reason = errorTrace(error);
    log.error("api.internal", { method: request.method, route: request.routeOptions.url, reason });
  }
  if (error instanceof MethodNotAllowedError) reply.header("allow", error.allow);
  if (error instanceof UnauthenticatedError) reply.header("www-authenticate", error.challenge);
  if (error instanceof TooManyAttemptsError) reply.header("retry-after", error.retryAfterS);
  if (error instanceof RevisionConflictError) reply.header("etag", entityTag(error.current));
  // A body that nobody has read would be taken for the next request.
  if (problem.status === 413) reply.header("connection", "close");
  // Serialised here: the route's own schema for this status may be another one.
  void reply
    .code(problem.status)
    .header("content-type", PROBLEM_TYPE)
    .serializer(String)
    .send(JSON.stringify(problem));
}

function blank(status: number, code: string, detail: string): ProblemBody {
  return { type: "about:blank", title: http.STATUS_CODES[status] ?? "Error", status, detail, code };
}

function details(error: ControlError): Partial<ProblemBody> {
  if (error instanceof NothingWouldServeError) return { problems: [...error.problems] };
  if (error instanceof ValidationError || error instanceof ConfigError) {
    const problems = error.problems.map(({ path, wanted, found }) => ({ path, wanted, found }));
    const path = problems[0]?.path;
    return { problems, ...(path === undefined ? {} : { path }) };
  }
  if (error instanceof RevisionConflictError) return { revision: error.current };
  const isUnconfirmed = error instanceof NotInForceError || error instanceof FleetLagsError;
  if (isUnconfirmed) return { revision: error.revision };
  return {};
}
