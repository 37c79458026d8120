import { expect, test } from "vitest";
import {
  ForbiddenError,
  TooManyAttemptsError,
  UnauthenticatedError,
} from "../../../../control/api/auth/auth-errors.ts";

// RFC 6750 section 3.1: who has shown nothing is not told of an error.
test.each([
  ["missing", 'Bearer realm="sluice"'],
  ["wrong", 'Bearer realm="sluice", error="invalid_token"'],
  ["expired", 'Bearer realm="sluice", error="invalid_token"'],
] as const)("A credential that is %s has the challenge %s", (flaw, challenge) => {
  const error = new UnauthenticatedError(flaw, "something", "ci");
  expect(error).toMatchObject({ code: "unauthenticated", status: 401, challenge, actor: "ci" });
  expect(error.message).toBe(
    "Cannot tell who asks: wanted Authorization: Bearer TOKEN with a token that holds, " +
      "found something",
  );
});

test("Other refusals say what it takes, and when to come again", () => {
  expect(new ForbiddenError("the role write", "shift")).toMatchObject({
    code: "forbidden",
    status: 403,
    message: "Cannot do this: wanted the role write, found shift",
  });
  expect(new TooManyAttemptsError(30)).toMatchObject({
    code: "too_many_attempts",
    status: 429,
    retryAfterS: 30,
    message: expect.stringContaining("wait 30 s"),
  });
});
