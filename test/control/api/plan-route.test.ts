import { expect, test } from "vitest";
import { systemClock } from "../../../proxy/base/clock.ts";
import { accessOf, bearer, newToken } from "../../support/api-tokens.ts";
import type { TestToken } from "../../support/api-tokens.ts";
import { startApi, WEB } from "../../support/running-api.ts";
import { oneWorker } from "../../support/worker-stats.ts";

test.each([
  ["a shift", { v2: 30 }, { v1: 90, v2: 30 }],
  ["a service", { ...WEB, versions: { v3: { endpoints: ["10.0.0.9:80"] } } }, { v3: 1 }],
])("POST plan takes %s and changes nothing", async (_name, body, weights) => {
  await using api = await startApi();
  const response = await post(`${api.url}/v1/services/web/plan`, body);
  expect(await response.json()).toMatchObject({ revision: 1, weights });
  expect([api.services.revision, api.applied.length]).toEqual([1, 1]);
});

test("POST plan of a service that is new compares with nothing", async () => {
  await using api = await startApi();
  const response = await post(`${api.url}/v1/services/shop/plan`, { ...WEB, hosts: ["shop.test"] });
  expect(await response.json()).toMatchObject({
    keysMoved: 1,
    versions: { v1: { share: { before: 0, after: 0.9 } } },
  });
});

test.each([
  ["web", { v9: 1 }, 404, "unknown_version"],
  ["shop", { v1: 1 }, 404, "unknown_service"],
  ["web", { v1: -1 }, 422, "invalid"],
  ["web", { v1: 0, v2: 0 }, 422, "invalid"],
  ["web", {}, 422, "invalid"],
  ["web", [1], 422, "invalid"],
])("POST plan of %s with %j is %i %s, as the write would be", async (name, body, status, code) => {
  await using api = await startApi();
  const response = await post(`${api.url}/v1/services/${name}/plan`, body);
  expect(await response.json()).toMatchObject({ status, code });
});

test("POST plan is refused to whoever may not make the change", async () => {
  const ci = newToken("ci", { role: "shift" });
  const ops = newToken("ops", { role: "write" });
  await using api = await startApi({ access: await accessOf(systemClock, ci, ops) });
  const plan = async ({ secret }: TestToken, body: unknown): Promise<unknown> => {
    const headers = { ...bearer(secret), "content-type": "application/json" };
    const sent = { method: "POST", headers, body: JSON.stringify(body) };
    const answer = await fetch(`${api.url}/v1/services/web/plan`, sent);
    return [answer.status, ((await answer.json()) as { detail?: string }).detail];
  };
  const moved = { ...WEB, hosts: ["other.test"] };
  const local = { ...WEB, versions: { v1: { endpoints: ["unix:/run/web.sock"] } } };
  const refused = (wanted: string, found: string): unknown => [
    403,
    `Cannot do this: wanted role ${wanted}, found role ${found}`,
  ];
  expect(await plan(ci, { v1: 1 })).toEqual([200, undefined]);
  expect(await plan(ci, moved)).toEqual(refused("write", "shift of token:ci"));
  expect(await plan(ops, moved)).toEqual([200, undefined]);
  expect(await plan(ops, local)).toEqual(refused("admin", "write of token:ops"));
});

test("POST plan counts with every worker's limits, and with what is under way in all", async () => {
  const stats = [oneWorker(), oneWorker()];
  await using api = await startApi({
    workers: { stats: async () => stats, restarts: 0, pids: [1, 2] },
  });
  const response = await post(`${api.url}/v1/services/web/plan`, { v1: 0, v2: 1 });
  expect(response.headers.get("etag")).toBe('"1"');
  expect(await response.json()).toMatchObject({
    versions: {
      v1: { tunnels: { open: 2, toMigrate: 2 } },
      v2: { capacity: { inFlightExpected: 6, inFlightLimit: 2048 } },
    },
  });
});

test("POST plan is made without counts when a worker does not give them", async () => {
  const stats = (): Promise<never> => Promise.reject(new Error("stuck"));
  await using api = await startApi({ workers: { stats, restarts: 0, pids: [1] } });
  const response = await post(`${api.url}/v1/services/web/plan`, { v1: 0, v2: 1 });
  expect([response.status, await response.json()]).toMatchObject([
    200,
    { versions: { v1: { share: { before: 0.9, after: 0 }, tunnels: { open: 0, toMigrate: 0 } } } },
  ]);
});

function post(url: string, body: unknown): Promise<Response> {
  const headers = { "content-type": "application/json" };
  return fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
}
