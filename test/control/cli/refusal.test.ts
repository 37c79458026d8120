import { expect, test } from "vitest";
import { ANYBODY } from "../../../control/cli/api-access.ts";
import type { ApiAccess } from "../../../control/cli/api-access.ts";
import { refusalOf } from "../../../control/cli/refusal.ts";

const TOKEN: ApiAccess = {
  token: { text: "s3cret", from: "--token-file ops.token" },
  tls: undefined,
};
const CERT: ApiAccess = { token: undefined, tls: { ca: undefined, cert: "PEM", key: "PEM" } };

test.each<[number, string, ApiAccess, string]>([
  [401, "unauthenticated", ANYBODY, "--token-file FILE or SLUICE_TOKEN_FILE gives a token"],
  [401, "unauthenticated", TOKEN, "it does not know the token of --token-file ops.token: has it "],
  [401, "unauthenticated", CERT, "it does not know the certificate; --token-file FILE"],
  [401, "gateway_says_no", TOKEN, "it does not know the token of --token-file ops.token"],
  [403, "forbidden", TOKEN, "`sluice whoami` says who you are there"],
  [404, "unknown_version", TOKEN, "`sluice services NAME` lists them"],
  [409, "frozen", TOKEN, "`sluice freeze` lists freezes, `sluice thaw NAME` ends one"],
  [409, "nothing_would_serve", TOKEN, "--force with --reason does it anyway"],
])("refusalOf() says what to do about %d %s", (status, code, access, advice) => {
  const body = { code, detail: "Cannot do this" };
  const failure = refusalOf({ status, headers: {}, body }, access);
  expect(failure).toMatchObject({ code, exitCode: 1, problems: [] });
  expect(failure.message.startsWith(`Cannot do this; ${advice}`)).toBe(true);
  expect(failure.message).not.toMatch(/s3cret|PEM/);
});

test.each([
  ["30", "in 30 s"],
  ["Wed, 21 Oct 2026 07:28:00 GMT", "later"],
  [undefined, "later"],
])("refusalOf() says when to try again after 429: Retry-After %j", (after, when) => {
  const headers = { "retry-after": after };
  const body = { code: "too_many_attempts", detail: "Cannot ask" };
  expect(refusalOf({ status: 429, headers, body }, TOKEN).message).toBe(
    `Cannot ask; try again ${when}`,
  );
});

test.each([
  [302, { location: "https://b/" }, "redirects are not followed; where it leads, for --api: https"],
  [302, {}, "its answer is no JSON; is that the control API?"],
  [502, {}, "its answer is no JSON; is that the control API?"],
])("refusalOf() says of %d with %j, and no JSON, what it is", (status, headers, advice) => {
  const failure = refusalOf({ status, headers, body: undefined }, ANYBODY);
  expect(failure.code).toBe(`http_${status}`);
  expect(failure.message).toContain(`Cannot do that: the API answered ${status}; ${advice}`);
});

test.each([[{}], [null], [[]]])("refusalOf() names the status of %j that says nothing", (body) => {
  expect(refusalOf({ status: 502, headers: {}, body }, ANYBODY)).toMatchObject({
    code: "http_502",
    message: "Cannot do that: the API answered 502",
  });
});
