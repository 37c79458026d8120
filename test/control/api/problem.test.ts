import fastify from "fastify";
import { expect, onTestFinished, test } from "vitest";
import { MethodNotAllowedError } from "../../../control/api/api-errors.ts";
import { problemResponses, sendProblem } from "../../../control/api/problem.ts";
import {
  ConfigError,
  ControlError,
  FleetLagsError,
  NotInForceError,
  RevisionConflictError,
  ValidationError,
} from "../../../control/base/errors.ts";
import { jsonLog } from "../../../proxy/base/log.ts";

type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: object;
  readonly logged: readonly string[];
};

/** What a client gets when a handler throws `error`, and what the log does. */
async function answerTo(error: unknown): Promise<Answer> {
  const logged: string[] = [];
  const log = jsonLog(
    (line) => logged.push(line),
    () => 0,
  );
  const app = fastify();
  onTestFinished(() => app.close());
  app.setErrorHandler((thrown, request, reply) => sendProblem(thrown, request, reply, log));
  app.get("/things/:name", () => Promise.reject(error));
  const { statusCode: status, headers, body } = await app.inject("/things/web");
  return { status, headers, body: JSON.parse(body) as object, logged };
}

test("sendProblem() answers an error of ours with its status, code and text", async () => {
  const { status, headers, body, logged } = await answerTo(
    new ControlError("no_tea", 418, "Cannot brew: wanted a kettle, found none"),
  );
  expect([status, headers["content-type"]]).toEqual([418, "application/problem+json"]);
  expect(body).toEqual({
    type: "about:blank",
    title: "I'm a Teapot",
    status: 418,
    code: "no_tea",
    detail: "Cannot brew: wanted a kettle, found none",
  });
  expect(logged).toEqual([]);
});

test.each([
  ["a body", ValidationError],
  ["a file", ConfigError],
])(
  "sendProblem() lists everything that is wrong with %s, and where the first is",
  async (subject, Refusal) => {
    const problems = [
      { path: "versions.v1", wanted: "a weight", found: "nothing", line: 3, column: 7 },
      { path: "hosts", wanted: "a list", found: "7" },
    ];
    const { status, body } = await answerTo(new Refusal(subject, problems));
    expect(status).toBe(422);
    expect(body).toMatchObject({ path: "versions.v1" });
    expect((body as { readonly problems: unknown }).problems).toEqual([
      { path: "versions.v1", wanted: "a weight", found: "nothing" },
      { path: "hosts", wanted: "a list", found: "7" },
    ]);
  },
);

test("sendProblem() tells who lost a race which revision there is now", async () => {
  const { status, headers, body } = await answerTo(new RevisionConflictError(3, 5));
  expect([status, headers["etag"]]).toEqual([412, '"5"']);
  expect(body).toMatchObject({ code: "revision_conflict", revision: 5 });
});

test.each([
  [new NotInForceError(7), "not_in_force"],
  [new FleetLagsError(7, "b did not follow"), "fleet_lags"],
])("sendProblem() tells the revision of what is stored: %s", async (error, code) => {
  const { status, headers, body } = await answerTo(error);
  expect([status, headers["etag"]]).toEqual([503, undefined]);
  expect(body).toMatchObject({ code, revision: 7 });
});

test("sendProblem() says which methods a path takes", async () => {
  const { status, headers } = await answerTo(new MethodNotAllowedError("PUT", "GET, HEAD"));
  expect([status, headers["allow"]]).toEqual([405, "GET, HEAD"]);
});

test.each([
  ["an Error", Object.assign(new Error("a secret of the inside"), { code: "EIO" })],
  ["what is no Error", "a secret of the inside"],
])(
  "sendProblem() tells a client nothing of %s that nobody meant, but the log",
  async (_name, error) => {
    const { status, body, logged } = await answerTo(error);
    expect(status).toBe(500);
    expect(body).toEqual({
      type: "about:blank",
      title: "Internal Server Error",
      status: 500,
      code: "internal",
      detail: "Cannot answer: an internal error, see the log",
    });
    expect(logged.map((line) => JSON.parse(line) as object)).toEqual([
      expect.objectContaining({
        event: "api.internal",
        method: "GET",
        route: "/things/:name",
        reason: expect.stringContaining("a secret of the inside"),
      }),
    ]);
  },
);

test.each([
  [413, "FST_ERR_CTP_BODY_TOO_LARGE", "body_too_large"],
  [400, "FST_ERR_CTP_INVALID_CONTENT_LENGTH", "bad_request"],
  [400, "FST_ERR_OF_ANOTHER_RELEASE", "bad_request"],
  [500, "FST_ERR_OF_ANOTHER_RELEASE", "internal"],
  [500, "constructor", "internal"],
])("sendProblem() has a code of ours for fastify's %d %s: %s", async (statusCode, theirs, code) => {
  const error = Object.assign(new Error("in fastify's words"), { statusCode, code: theirs });
  const { status, headers, body } = await answerTo(error);
  expect([status, body]).toMatchObject([statusCode, { code }]);
  expect(body).not.toMatchObject({ detail: expect.stringContaining("fastify") });
  // What is left of a body that is too large must not be read as the next request.
  expect(headers["connection"]).toBe(statusCode === 413 ? "close" : "keep-alive");
});

test("problemResponses() describes each status as a problem document", () => {
  const responses = problemResponses(404, 412);
  expect(Object.keys(responses)).toEqual(["404", "412"]);
  expect(responses[412].description).toBe("Precondition Failed");
  expect(Object.keys(responses[404].content)).toEqual(["application/problem+json"]);
});
