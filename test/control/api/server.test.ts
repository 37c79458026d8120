import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BODY_BYTES_MAX } from "../../../control/api/server.ts";
import { NotInForceError } from "../../../control/base/errors.ts";
import { startApi } from "../../support/running-api.ts";
import type { RunningApi } from "../../support/running-api.ts";

let api: RunningApi;

beforeAll(async () => {
  api = await startApi({
    sidecar: {
      reload: async () => {
        throw new Error("a secret of the inside");
      },
    },
  });
});

afterAll(() => api[Symbol.asyncDispose]());

const JSON_TYPE = { "content-type": "application/json" };

type Failure = { readonly name: string; readonly status: number; readonly code: string } & {
  readonly path: string;
  readonly init?: RequestInit;
};

const FAILURES: readonly Failure[] = [
  { name: "a path that is not there", status: 404, code: "unknown_path", path: "/v1/nothing" },
  {
    name: "a service that is not there",
    status: 404,
    code: "unknown_service",
    path: "/v1/services/x",
  },
  { name: "a broken escape", status: 400, code: "bad_url", path: "/v1/services/%zz" },
  {
    name: "a write without If-Match",
    status: 428,
    code: "precondition_required",
    path: "/v1/services/web",
    init: { method: "DELETE" },
  },
  {
    name: "a weak If-Match",
    status: 400,
    code: "invalid_header",
    path: "/v1/services/web",
    init: { method: "DELETE", headers: { "if-match": 'W/"1"' } },
  },
  {
    name: "a reason that is too long",
    status: 400,
    code: "invalid_header",
    path: "/v1/services/web",
    init: { method: "DELETE", headers: { "if-match": "*", "x-sluice-reason": "x".repeat(501) } },
  },
  {
    name: "a reason that could drive a terminal",
    status: 400,
    code: "invalid_header",
    path: "/v1/services/web",
    init: { method: "DELETE", headers: { "if-match": "*", "x-sluice-reason": "\u00c2\u009b31m" } },
  },
  {
    name: "a reason that is not UTF-8",
    status: 400,
    code: "invalid_header",
    path: "/v1/services/web",
    init: { method: "DELETE", headers: { "if-match": "*", "x-sluice-reason": "caf\u00e9" } },
  },
  {
    name: "JSON that is not JSON",
    status: 400,
    code: "bad_json",
    path: "/v1/services/web/weights",
    init: { method: "PATCH", body: "{", headers: { ...JSON_TYPE, "if-match": "*" } },
  },
  {
    name: "an empty JSON body",
    status: 400,
    code: "bad_json",
    path: "/v1/services/web/weights",
    init: { method: "PATCH", body: "", headers: { ...JSON_TYPE, "if-match": "*" } },
  },
  {
    name: "another content type",
    status: 415,
    code: "unsupported_media_type",
    path: "/v1/services/web/weights",
    init: {
      method: "PATCH",
      body: "v1: 1",
      headers: { "content-type": "text/plain", "if-match": "*" },
    },
  },
  {
    name: "a body that is too large",
    status: 413,
    code: "body_too_large",
    path: "/v1/services/web",
    init: {
      method: "PUT",
      body: JSON.stringify("x".repeat(BODY_BYTES_MAX)),
      headers: { ...JSON_TYPE, "if-match": "*" },
    },
  },
  {
    name: "a page of another origin that writes",
    status: 403,
    code: "cross_origin",
    path: "/v1/drain",
    init: { method: "POST", headers: { origin: "http://evil.test" } },
  },
  {
    name: "an origin that is hidden",
    status: 403,
    code: "cross_origin",
    path: "/v1/drain",
    init: { method: "POST", headers: { origin: "null" } },
  },
  {
    name: "an error of our own",
    status: 500,
    code: "internal",
    path: "/v1/reload",
    init: { method: "POST" },
  },
];

describe("createApi()", () => {
  test.each(FAILURES)("answers $name with $status $code", async ({ status, code, path, init }) => {
    const response = await fetch(`${api.url}${path}`, init);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(await response.json()).toMatchObject({ type: "about:blank", status, code });
    expect(response.status).toBe(status);
  });

  test("tells nothing about its inside, but logs it", async () => {
    const response = await fetch(`${api.url}/v1/reload`, { method: "POST" });
    expect(await response.text()).not.toContain("secret");
    expect(api.logged.join("")).toContain("a secret of the inside");
  });

  test.each([
    ["POST", "/v1/services", "GET, HEAD"],
    ["DELETE", "/v1/services/web/weights", "PATCH"],
    ["POST", "/v1/services/web", "DELETE, GET, HEAD, PUT"],
    ["HEAD", "/v1/events", "GET"],
    ["OPTIONS", "/v1/drain", "POST"],
  ])("answers %s %s with 405 and Allow: %s", async (method, path, allow) => {
    const response = await fetch(`${api.url}${path}`, { method });
    expect([response.status, response.headers.get("allow")]).toEqual([405, allow]);
  });

  test.each(["evil.test", "127.0.0.1.evil.test", "localhost.evil.test:80", "[::2]"])(
    "refuses Host %j on a loopback address",
    async (host) => {
      expect(await statusWithHost(host)).toBe(421);
    },
  );

  test.each(["localhost", "LOCALHOST:9180", "127.0.0.1", "127.1.2.3:80", "[::1]:9180"])(
    "accepts Host %j on a loopback address",
    async (host) => {
      expect(await statusWithHost(host)).toBe(200);
    },
  );

  test("lets a page of its own origin write", async () => {
    const headers = { origin: api.url, "sec-fetch-site": "same-origin" };
    const response = await fetch(`${api.url}/v1/drain`, { method: "POST", headers });
    expect(response.status).toBe(202);
  });

  test("survives a request that is no HTTP", async () => {
    const socket = connect(api.port, "127.0.0.1");
    socket.end("garbage\r\n\r\n");
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 /);
    expect((await fetch(`${api.url}/livez`)).status).toBe(200);
  });
});

test("createApi() answers a change that is stored but not in force with its revision", async () => {
  await using own = await startApi({
    sidecar: {
      reload: async () => {
        throw new NotInForceError(7);
      },
    },
  });
  const response = await fetch(`${own.url}/v1/reload`, { method: "POST" });
  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({ code: "not_in_force", revision: 7 });
});

function statusWithHost(host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${api.url}/livez`, { headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.once("error", reject).end();
  });
}
