import { expect, test } from "vitest";
import { CallError, caller, pathOfService } from "../../../control/page/call.ts";
import type { Call } from "../../../control/page/call.ts";

type Asked = { readonly path: string; readonly init: RequestInit };

/** A caller whose every call gets this answer. */
function callerTo(
  answer: Response | Error,
  token = "",
): {
  readonly call: Call;
  readonly asked: readonly Asked[];
  readonly refusals: () => number;
} {
  const asked: Asked[] = [];
  let refusals = 0;
  const call = caller({
    fetch: async (path, init) => {
      asked.push({ path, init });
      if (answer instanceof Error) throw answer;
      return answer;
    },
    token: () => token,
    onUnauthenticated: () => (refusals += 1),
  });
  return { call, asked, refusals: () => refusals };
}

test("A call sends body, revision, reason and token in the fields that the API reads", async () => {
  const { call, asked } = callerTo(Response.json({ revision: 8 }), "secret");
  const options = { body: { v2: "25%" }, revision: 7, reason: " canary " };
  expect(await call("PATCH", "/v1/services/shop/weights", options)).toEqual({ revision: 8 });
  expect(asked[0]?.init).toMatchObject({
    method: "PATCH",
    body: '{"v2":"25%"}',
    cache: "no-store",
    headers: {
      authorization: "Bearer secret",
      "content-type": "application/json",
      "if-match": '"7"',
      "x-sluice-reason": "canary",
    },
  });
});

test("A call leaves out what it has not got, and writes other alphabets by RFC 8187", async () => {
  const { call, asked } = callerTo(Response.json({}));
  await call("GET", "/v1/services");
  expect(asked[0]?.init.headers).toEqual({});
  expect(asked[0]?.init).not.toHaveProperty("body");
  const other = callerTo(Response.json({}));
  await other.call("POST", "/x", { reason: "größer" });
  expect(other.asked[0]?.init.headers).toEqual({ "x-sluice-reason": "UTF-8''gr%C3%B6%C3%9Fer" });
});

test("A call that is refused rejects with code, status and the current revision", async () => {
  const body = { detail: "wanted revision 1, found 2", code: "revision_conflict", revision: 2 };
  const { call, refusals } = callerTo(Response.json(body, { status: 412 }));
  const error = await call("PATCH", "/x").catch((each: unknown) => each);
  expect(error).toBeInstanceOf(CallError);
  expect(error).toMatchObject({ message: body.detail, code: body.code, status: 412, revision: 2 });
  expect(refusals()).toBe(0);
});

test("A call tells when it takes another token, and when there is no sidecar", async () => {
  const refused = callerTo(Response.json({}, { status: 401 }));
  await expect(refused.call("GET", "/x")).rejects.toMatchObject({ status: 401 });
  expect(refused.refusals()).toBe(1);
  const away = callerTo(new TypeError("refused"));
  await expect(away.call("GET", "/x")).rejects.toMatchObject({ status: 0, code: "unreachable" });
});

test("A sidecar that is not ready has answered", async () => {
  const { call } = callerTo(Response.json({ ready: false }, { status: 503 }));
  expect(await call("GET", "/readyz")).toEqual({ ready: false });
});

test("pathOfService() escapes each part", () => {
  expect(pathOfService("a/b", "versions", "v 1")).toBe("/v1/services/a%2Fb/versions/v%201");
});
