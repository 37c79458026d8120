import fastify from "fastify";
import type { FastifyInstance } from "fastify";
import { expect, onTestFinished, test } from "vitest";
import { addRoutesOf } from "../../../control/api/routes-of-methods.ts";

/** A server with `GET` and `PUT /a` and `POST /b`, which says what it refuses and why. */
function appOf(): FastifyInstance {
  const app = fastify();
  onTestFinished(() => app.close());
  app.setErrorHandler((error, _request, reply) => reply.send({ refused: String(error) }));
  addRoutesOf(app, (api) => {
    api.get("/a", async () => "a");
    api.put("/a", async () => "put");
    api.post("/b", async () => "b");
  });
  return app;
}

test.each([
  ["GET", "/a", "a"],
  ["PUT", "/a", "put"],
  ["POST", "/b", "b"],
] as const)("addRoutesOf() has %s %s answered", async (method, url, body) => {
  expect((await appOf().inject({ method, url })).body).toBe(body);
});

test.each([
  ["DELETE", "/a", "GET, HEAD, PUT"],
  ["GET", "/b", "POST"],
  ["OPTIONS", "/b", "POST"],
] as const)("addRoutesOf() refuses %s %s, and says what it takes", async (method, url, allow) => {
  const { body } = await appOf().inject({ method, url });
  expect(body).toContain(`Cannot ${method} here: wanted ${allow}`);
});

test("addRoutesOf() refuses a method before it looks at the body", async () => {
  const headers = { "content-type": "application/json" };
  const { body } = await appOf().inject({ method: "PATCH", url: "/a", payload: "{", headers });
  expect(body).toContain("Cannot PATCH here");
});

test("addRoutesOf() leaves other paths to whoever answers for them", async () => {
  expect((await appOf().inject({ method: "GET", url: "/c" })).statusCode).toBe(404);
});
