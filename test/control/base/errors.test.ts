import { expect, test } from "vitest";
import * as errors from "../../../control/base/errors.ts";

test.each([
  [{ path: "a.b", wanted: "x", found: "y" }, "a.b: wanted x, found y"],
  [{ path: "", wanted: "x", found: "y" }, "wanted x, found y"],
  [
    { path: "a", wanted: "x", found: "y", line: 3, column: 7 },
    "a: wanted x, found y (line 3, column 7)",
  ],
  [{ path: "a", wanted: "x", found: "y", line: 3 }, "a: wanted x, found y (line 3, column 1)"],
])("problemText(%j) is %s", (problem, text) => {
  expect(errors.problemText(problem)).toBe(text);
});

test("An error is called by its class, and keeps what caused it", () => {
  const cause = new Error("EIO");
  const error = new errors.NotInForceError(7, { cause });
  expect([error.name, error.cause, error.revision]).toEqual(["NotInForceError", cause, 7]);
  expect(error).toBeInstanceOf(errors.ControlError);
});

test.each([errors.ConfigError, errors.ValidationError])("%o tells every problem", (Refusal) => {
  const problems = ["a", "b"].map((path) => ({ path, wanted: "x", found: "y" }));
  const error = new Refusal("sluice.yaml", problems);
  expect(error.message).toMatch(
    /^Cannot \w+ sluice\.yaml: a: wanted x, found y; b: wanted x, found y$/,
  );
  expect([error.status, error.problems]).toEqual([422, problems]);
});

test("FilterRefusedError tells a reason once, however many workers give it", () => {
  const refusal = { service: "web", filter: "auth", reason: "it threw" };
  const unknown = { service: "shop", filter: "", reason: "no answer" };
  const error = new errors.FilterRefusedError([refusal, { ...refusal }, unknown]);
  expect(error.message).toBe(
    "Cannot use filter auth of web: it threw; the filters of shop: no answer",
  );
});

test.each([
  ["EADDRINUSE", "Cannot listen on 127.0.0.1:80: the address is in use (EADDRINUSE)"],
  ["EACCES", "Cannot listen on 127.0.0.1:80: the system refused it (EACCES)"],
])("ListenError says what %s means", (code, message) => {
  expect(new errors.ListenError("127.0.0.1:80", code).message).toBe(message);
});

test("Errors quote names that clients sent, so that no name can look like our own words", () => {
  const name = 'a" of b\n';
  const quoted = JSON.stringify(name);
  expect(new errors.UnknownServiceError(name).message).toContain(quoted);
  expect(new errors.UnknownVersionError("web", name).message).toContain(quoted);
  expect(new errors.UnknownEndpointError("v1", name).message).toContain(quoted);
  expect(new errors.UnknownFilterError(name).message).toContain(quoted);
});
