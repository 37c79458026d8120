import { expect, test } from "vitest";
import * as errors from "../../../control/api/api-errors.ts";

test.each([
  [errors.preconditionRequired(), 428, "wanted If-Match: "],
  [errors.invalidHeader("If-Match", "one revision", '"x"'), 400, 'wanted one revision, found "x"'],
  [errors.unknownPath("GET"), 404, "/v1/openapi.json lists what is"],
  [new errors.MethodNotAllowedError("PUT", "GET, HEAD"), 405, "wanted GET, HEAD"],
  [errors.misdirected(), 421, "wanted localhost or a loopback address"],
  [errors.crossOrigin(), 403, "from a page of another origin"],
  [errors.tooManySubscribers(64), 503, "64 are open, the most there may be"],
  [errors.noFleet(), 404, "wanted store kind consul"],
  [errors.statsUnavailable("worker 7 is stuck"), 503, ": worker 7 is stuck"],
])("An error of a request says what failed and what would help: %s", (error, status, help) => {
  expect(error.status).toBe(status);
  expect(error.message).toMatch(/^Cannot [a-z]/i);
  expect(error.message).toContain(help);
});
