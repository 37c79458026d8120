import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BODY_BYTES_MAX } from "../../../control/api/server.ts";
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

  test("answers a name that was rebound to its address with 421 misdirected_request", async () => {
    const socket = connect(api.port, "127.0.0.1");
    socket.end("GET /livez HTTP/1.1\r\nhost: evil.test\r\nconnection: close\r\n\r\n");
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 421 [^]*"code":"misdirected_request"/);
  });

  test("survives a request that is no HTTP", async () => {
    const socket = connect(api.port, "127.0.0.1");
    socket.end("garbage\r\n\r\n");
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 /);
    expect((await fetch(`${api.url}/livez`)).status).toBe(200);
  });
});
