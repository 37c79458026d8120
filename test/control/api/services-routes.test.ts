import { expect, test } from "vitest";
import type { WorkerStats } from "../../../proxy/metrics/stats.ts";
import { startApi, WEB } from "../../support/running-api.ts";
import { oneWorker } from "../../support/worker-stats.ts";

const JSON_TYPE = { "content-type": "application/json" };

function write(url: string, method: string, body: unknown, ifMatch = "*"): Promise<Response> {
  const headers = { ...JSON_TYPE, "if-match": ifMatch };
  return fetch(url, { method, headers, body: JSON.stringify(body) });
}

test("GET services/{s} shows table, health and what all workers see", async () => {
  const stats: WorkerStats[] = [oneWorker(), oneWorker({ ejectedForMs: 4000 })];
  await using api = await startApi({
    workers: { stats: async () => stats, restarts: 0, pids: [1, 2] },
  });
  const response = await fetch(`${api.url}/v1/services/web`);
  expect(response.headers.get("etag")).toBe('"1"');
  expect(await response.json()).toEqual({
    name: "web",
    kind: "http",
    hosts: ["web.test"],
    stable: "v1",
    revision: 1,
    weights: { v1: 90, v2: 10 },
    shares: { v1: 0.9, v2: 0.1 },
    effectiveWeights: { v1: 90, v2: 10 },
    document: WEB,
    shed: 28,
    shadow: { compared: 18, different: 4 },
    versions: {
      v1: {
        state: "ready",
        panicBy: 0,
        exchangesOpen: 6,
        limit: 30,
        waiting: 34,
        tunnelsOpen: 2,
        endpoints: [
          endpoint("10.0.0.5:3000", { inFlight: 4, ejectedBy: 1, ejectedForMs: 4000 }),
          endpoint("10.0.0.6:3000"),
        ],
      },
      v2: {
        state: "ready",
        panicBy: 0,
        exchangesOpen: 0,
        limit: 2_048,
        waiting: 0,
        tunnelsOpen: 0,
        endpoints: [endpoint("10.0.0.7:3000")],
      },
    },
  });
});

function endpoint(address: string, seen: object = {}): object {
  const none = { panic: false, ejectedBy: 0, ejectedForMs: 0, inFlight: 0, idleConnections: 0 };
  return { address, weight: 1, state: "ready", healthy: true, ...none, ...seen };
}

test("GET services says so when workers do not answer, and does not wait for them", async () => {
  const clock = {
    nowMs: () => 0,
    wallMs: () => 0,
    sleep: () => Promise.resolve(),
  };
  const workers = { stats: () => new Promise<never>(() => undefined), restarts: 0, pids: [41, 42] };
  await using api = await startApi({ workers, clock });
  const answer = await (await fetch(`${api.url}/v1/services`)).json();
  expect(answer).toMatchObject({
    revision: 1,
    countsMissing: "not all of workers 41, 42 answered in 2000 ms",
    services: [{ name: "web" }],
  });
});

test("PATCH weights shifts once the workers act on it, and keeps versions not named", async () => {
  await using api = await startApi();
  const response = await write(`${api.url}/v1/services/web/weights`, "PATCH", { v2: 30 }, '"1"');
  expect(response.status).toBe(200);
  expect(response.headers.get("etag")).toBe('"2"');
  const weights = { v1: 90, v2: 30 };
  const shares = { v1: 0.75, v2: 0.25 };
  expect(await response.json()).toEqual({ revision: 2, weights, shares, warnings: [] });
  expect(api.applied.at(-1)).toMatchObject({ revision: 2, replace: [{ name: "web" }] });
});

test("PATCH weights on another revision is 412 with the current one", async () => {
  await using api = await startApi();
  await write(`${api.url}/v1/services/web/weights`, "PATCH", { v2: 30 });
  const response = await write(`${api.url}/v1/services/web/weights`, "PATCH", { v2: 0 }, '"1"');
  expect([response.status, response.headers.get("etag")]).toEqual([412, '"2"']);
  expect(await response.json()).toMatchObject({ code: "revision_conflict", revision: 2 });
  expect(api.services.snapshot("web").versions.map(({ weight }) => weight)).toEqual([90, 30]);
});

test.each([
  [{ v2: -1 }, "v2"],
  [{ v2: 1.5 }, "v2"],
  [{ v2: 1_000_001 }, "v2"],
  [{ v2: "ten" }, "v2"],
  [{ v2: null }, "v2"],
  [{}, ""],
  [[], ""],
  [{ v1: 0, v2: 0 }, ""],
])("PATCH weights %j is 422 at path %j", async (body, path) => {
  await using api = await startApi();
  const response = await write(`${api.url}/v1/services/web/weights`, "PATCH", body);
  expect(response.status).toBe(422);
  expect(await response.json()).toMatchObject({ code: "invalid", path });
  expect(api.services.revision).toBe(1);
});

test("PATCH weights of an unknown version is 404", async () => {
  await using api = await startApi();
  const response = await write(`${api.url}/v1/services/web/weights`, "PATCH", { v9: 1 });
  expect(await response.json()).toMatchObject({ status: 404, code: "unknown_version" });
});

test("PUT creates with 201, replaces with 200, and GET gives back what was written", async () => {
  await using api = await startApi();
  const shop = { versions: { v1: { endpoints: ["10.0.0.9:80"] } }, timeout: "5s" };
  const created = await write(`${api.url}/v1/services/shop`, "PUT", shop, '"1"');
  expect([created.status, await created.json()]).toEqual([201, { revision: 2, warnings: [] }]);
  const again = await write(`${api.url}/v1/services/shop`, "PUT", { ...shop, timeout: "6s" });
  expect([again.status, await again.json()]).toEqual([200, { revision: 3, warnings: [] }]);
  const view = (await (await fetch(`${api.url}/v1/services/shop`)).json()) as { document: object };
  expect(view.document).toEqual({ ...shop, timeout: "6s" });
});

test("PUT tells everything that is wrong, each with its path", async () => {
  await using api = await startApi();
  const bad = { versions: { v1: { weight: "x", endpoints: [] } }, retires: 3 };
  const response = await write(`${api.url}/v1/services/shop`, "PUT", bad);
  expect(response.status).toBe(422);
  const { problems } = (await response.json()) as { problems: { path: string; found: string }[] };
  expect(problems.map(({ found }) => found).toSorted()).toEqual(['"x"', "an unknown key"]);
  expect(
    problems
      .map(({ path }) => path)
      .toSorted()
      .join(" "),
  ).toMatch(/retires.*v1\.weight/);
  expect(api.services.names()).toEqual(["web"]);
});

test("DELETE removes a service", async () => {
  await using api = await startApi();
  const headers = { "if-match": '"1"' };
  const response = await fetch(`${api.url}/v1/services/web`, { method: "DELETE", headers });
  expect([response.status, await response.json()]).toEqual([200, { revision: 2, warnings: [] }]);
  expect(api.services.names()).toEqual([]);
  expect(api.applied.at(-1)?.remove).toEqual(["web"]);
});

test("PUT state sets that of a version and of an endpoint", async () => {
  await using api = await startApi();
  const base = `${api.url}/v1/services/web/versions`;
  expect((await write(`${base}/v2/state`, "PUT", { state: "drain" })).status).toBe(200);
  const address = encodeURIComponent("10.0.0.6:3000");
  const path = `${base}/v1/endpoints/${address}/state`;
  expect((await write(path, "PUT", { state: "maint" })).status).toBe(200);
  const [v1, v2] = api.services.snapshot("web").versions;
  expect(v2?.state).toBe("drain");
  expect(v1?.endpoints.map(({ state }) => state)).toEqual(["ready", "maint"]);
});

test.each([
  ["v2/state", { state: "gone" }, 422, "invalid"],
  ["v2/state", { state: "drain", by: "me" }, 422, "invalid"],
  ["v9/state", { state: "drain" }, 404, "unknown_version"],
  ["v1/endpoints/10.9.9.9%3A1/state", { state: "drain" }, 404, "unknown_endpoint"],
])("PUT versions/%s with %j is %i %s", async (path, body, status, code) => {
  await using api = await startApi();
  const response = await write(`${api.url}/v1/services/web/versions/${path}`, "PUT", body);
  expect(await response.json()).toMatchObject({ status, code });
});

test("a write's reason reaches the audit log, as UTF-8", async () => {
  await using api = await startApi();
  const reason = "Grüße: back to v1 ✓";
  const headers = {
    ...JSON_TYPE,
    "if-match": "*",
    "x-sluice-reason": Buffer.from(reason).toString("latin1"),
  };
  const body = JSON.stringify({ v2: 0 });
  await fetch(`${api.url}/v1/services/web/weights`, { method: "PATCH", headers, body });
  const answer = await fetch(`${api.url}/v1/audit?limit=1`);
  expect(await answer.json()).toMatchObject({
    entries: [{ actor: "local", action: "shift", service: "web", reason, revision: 2 }],
  });
});

test("POST undo takes back the latest change, and goes back to a revision", async () => {
  await using api = await startApi();
  const undo = async (body?: object): Promise<unknown[]> => {
    const headers = { "if-match": "*", ...(body && JSON_TYPE) };
    const init = { method: "POST", headers, ...(body && { body: JSON.stringify(body) }) };
    const response = await fetch(`${api.url}/v1/services/web/undo`, init);
    const { code } = (await response.json()) as { code?: string };
    const document = api.services.names().includes("web") ? api.services.document("web") : "gone";
    return [response.status, code, document];
  };
  const headers = { "if-match": "*" };
  expect(await undo()).toEqual([409, "no_undo", WEB]);
  await write(`${api.url}/v1/services/web/weights`, "PATCH", { v2: 30 });
  const shifted = api.services.document("web");
  await fetch(`${api.url}/v1/services/web`, { method: "DELETE", headers });
  expect(await undo()).toEqual([200, undefined, shifted]);
  expect(await undo({ revision: 1 })).toEqual([200, undefined, WEB]);
  expect(await undo({ revision: 3 })).toEqual([200, undefined, "gone"]);
  expect(await undo()).toEqual([200, undefined, WEB]);
  expect(await undo({ revision: 0 })).toEqual([409, "no_undo", WEB]);
  expect(await undo({ revision: -1 })).toEqual([422, "invalid", WEB]);
  const entries = (await (await fetch(`${api.url}/v1/audit?limit=1`)).json()) as object;
  expect(entries).toMatchObject({ entries: [{ action: "undo", service: "web", after: WEB }] });
});
