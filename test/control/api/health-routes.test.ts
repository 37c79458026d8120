import fastify from "fastify";
import { expect, onTestFinished, test } from "vitest";
import { healthRoutes } from "../../../control/api/health-routes.ts";
import type { Unwell } from "../../../control/api/health-routes.ts";
import type { Role } from "../../../control/base/roles.ts";
import { startApi } from "../../support/running-api.ts";

const UNWELL: Unwell = { stale: ["web: why"], problems: [], more: 0 } as never;

type Readiness = { readonly ok: boolean; readonly reasons: readonly string[] };

/** What `path` answers somebody with a role, in a sidecar that is so ready. */
async function answer(path: string, ready: Readiness, role: Role | "none"): Promise<unknown> {
  const app = fastify();
  onTestFinished(() => app.close());
  app.decorateRequest("principal");
  app.addHook("onRequest", async (request) => void Object.assign(request, { principal: { role } }));
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  healthRoutes(app, { ready }, async () => UNWELL);
  const { statusCode, json } = await app.inject({ method: "GET", url: path });
  return [statusCode, json()];
}

const READY: Readiness = { ok: true, reasons: [] };
const NOT: Readiness = { ok: false, reasons: ["draining"] };

test("GET /livez answers whatever the sidecar's state", async () => {
  expect(await answer("/livez", NOT, "none")).toEqual([200, { live: true }]);
});

test.each([
  ["none", READY, [200, { ready: true, reasons: [] }]],
  ["none", NOT, [503, { ready: false, reasons: ["draining"] }]],
  ["read", READY, [200, { ready: true, reasons: [], ...UNWELL }]],
  ["admin", NOT, [503, { ready: false, reasons: ["draining"], ...UNWELL }]],
] as const)("GET /readyz tells the role %s of %j no more than it may know", async (...row) => {
  const [role, ready, expected] = row;
  expect(await answer("/readyz", ready, role)).toEqual(expected);
});

test("GET /readyz says what may be out of date of the registry alone", async () => {
  await using api = await startApi({ registry: { stale: ["web v1: no answer"] } as never });
  const body: unknown = await (await fetch(`${api.url}/readyz`)).json();
  expect(body).toMatchObject({ stale: ["web v1: no answer"] });
});

test("GET /readyz says first that the table may be out of date, then what else may", async () => {
  await using api = await startApi({
    registry: { stale: ["web v1: no answer"] } as never,
    storeProblem: () => "the disk is full",
  });
  const body: unknown = await (await fetch(`${api.url}/readyz`)).json();
  expect(body).toMatchObject({
    ready: true,
    stale: ["table: the disk is full", "web v1: no answer"],
    problems: expect.arrayContaining([expect.objectContaining({ code: "store" })]),
  });
});
