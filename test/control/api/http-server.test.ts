import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { newHttpServer } from "../../../control/api/http-server.ts";
import type { HttpLimits } from "../../../control/api/http-server.ts";
import { jsonLog } from "../../../proxy/base/log.ts";

const LIMITS: HttpLimits = {
  places: { most: 10, crowded: 5 },
  bodyBytes: 16,
  requestTimeoutMs: 5_000,
  headersTimeoutMs: 5_000,
  keepAliveTimeoutMs: 5_000,
};

/** A server that listens, with a route that takes a number and one that breaks. */
async function start() {
  const noted: string[] = [];
  const log = jsonLog(() => undefined, Date.now);
  const app = newHttpServer(LIMITS, log, (error) => noted.push(String(error)));
  const body = z.object({ n: z.number() });
  const response = { 200: z.object({ n: z.number() }) };
  const handler = async (request: { readonly body: unknown }): Promise<unknown> => request.body;
  const broken = async (): Promise<never> => {
    throw new Error("a secret of the inside");
  };
  app.route({ method: "POST", url: "/n/:part", schema: { body, response }, handler });
  app.route({ method: "GET", url: "/broken", handler: broken });
  onTestFinished(() => app.close());
  await app.listen({ host: "127.0.0.1", port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const call = async (path: string, init?: RequestInit): Promise<unknown> => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, init);
    return [answer.status, await answer.json()];
  };
  return { app, call, noted };
}

const post = (body: string, type = "application/json"): RequestInit => ({
  method: "POST",
  body,
  headers: { "content-type": type },
});

const problem = (code: string): unknown => expect.objectContaining({ code, type: "about:blank" });

test("newHttpServer() reads and writes by schemas", async () => {
  const { call, noted } = await start();
  expect(await call("/n/a", post('{"n":1,"more":2}'))).toEqual([200, { n: 1 }]);
  expect(noted).toEqual([]);
});

test.each([
  ["another type of body", "/n/a", post("1", "text/plain"), 415, "unsupported_media_type"],
  ["a body above its limit", "/n/a", post('{"n":12345678901}'), 413, "body_too_large"],
  ["a body that is none", "/n/a", post("{"), 400, "bad_json"],
  ["a body that the schema refuses", "/n/a", post('{"n":"1"}'), 422, "invalid"],
  ["another path", "/m", undefined, 404, "unknown_path"],
  [
    "a page of another origin",
    "/n/a",
    { method: "POST", headers: { origin: "http://evil.test" } },
    403,
    "cross_origin",
  ],
  ["an error of our own", "/broken", undefined, 500, "internal"],
] as const)("newHttpServer() answers %s with a problem, and notes it", async (...row) => {
  const [, path, init, status, code] = row;
  const { call, noted } = await start();
  const answer = await call(path, init);
  expect(answer).toEqual([status, problem(code)]);
  expect(JSON.stringify(answer)).not.toContain("secret");
  expect(noted).toHaveLength(1);
});

test("newHttpServer() takes a part of a path as long as a socket's address", async () => {
  const { call } = await start();
  expect(await call(`/n/${"a".repeat(400)}`, post('{"n":1}'))).toEqual([200, { n: 1 }]);
});

test("newHttpServer() has no more places than it is given", async () => {
  const { app } = await start();
  expect(app.server.maxConnections).toBe(LIMITS.places.most);
});

test("newHttpServer() answers a URL that leads to no route as a problem too", async () => {
  const { call } = await start();
  expect(await call("/n/%zz", post("{}"))).toEqual([400, problem("bad_url")]);
  expect(await call(`/n/${"a".repeat(401)}`, post("{}"))).toEqual([414, problem("bad_request")]);
});
