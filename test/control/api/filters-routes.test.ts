import { expect, test } from "vitest";
import { FilterRefusedError } from "../../../control/base/errors.ts";
import type { FilterSpec } from "../../../proxy/table/filter-spec.ts";
import { startApi, WEB } from "../../support/running-api.ts";
import type { ApiOverrides, RunningApi } from "../../support/running-api.ts";
import { oneWorker } from "../../support/worker-stats.ts";

const INITIAL = {
  web: { ...WEB, filters: [{ module: "./headers.ts" }, { module: "./auth.ts" }] },
  shop: { versions: { v1: { endpoints: ["d:1"] } }, filters: [{ module: "./headers.ts" }] },
};

/** An API in whose workers the filters of `web` run, but for `auth`. */
function start(overrides: ApiOverrides = {}): Promise<RunningApi> {
  const filters = {
    specs: (service: string): readonly FilterSpec[] =>
      service === "web" ? [running("headers", "f00"), missing("auth")] : [],
  };
  const workers = { stats: async () => [oneWorker(), oneWorker()], restarts: 0, pids: [1, 2] };
  return startApi({ initial: INITIAL, filters, workers, ...overrides });
}

function running(name: string, hash: string): FilterSpec {
  const code = { kind: "code", url: `file:///${name}.ts`, hash, text: "" } as const;
  return { filter: { ...view(name), options: {} }, code };
}

function missing(name: string): FilterSpec {
  return { filter: { ...view(name), options: {} }, code: { kind: "missing", reason: "gone" } };
}

function view(
  name: string,
): Pick<FilterSpec["filter"], "name" | "module" | "onError" | "timeoutMs"> {
  return { name, module: `./${name}.ts`, onError: "bypass", timeoutMs: 5 };
}

function put(api: RunningApi, name: string, body?: unknown, ifMatch = "*"): Promise<Response> {
  return fetch(`${api.url}/v1/filters/${name}`, {
    method: "PUT",
    headers: {
      "if-match": ifMatch,
      ...(body !== undefined && { "content-type": "application/json" }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

test("GET filters lists what the table has, what runs, and what all workers count", async () => {
  await using api = await start();
  const response = await fetch(`${api.url}/v1/filters`);
  expect(response.headers.get("etag")).toBe('"1"');
  const none = { failures: { throw: 0, timeout: 0, load: 0 }, answers: 0, version: "" };
  expect(await response.json()).toEqual({
    revision: 1,
    filters: [
      {
        ...view("headers"),
        service: "web",
        version: "1",
        hash: "f00",
        inForce: true,
        failures: { throw: 14, timeout: 16, load: 18 },
        answers: 20,
      },
      { ...view("auth"), service: "web", inForce: false, ...none },
      { ...view("headers"), service: "shop", inForce: false, ...none },
    ],
  });
});

test("PUT filters/{name} changes it in every service that has one, as one write", async () => {
  await using api = await start();
  const response = await put(api, "headers", { module: "./next.ts", options: { a: 1 } }, '"1"');
  expect([response.status, response.headers.get("etag")]).toEqual([200, '"2"']);
  const answer = (await response.json()) as { revision: number; filters: { service: string }[] };
  expect([answer.revision, answer.filters.map(({ service }) => service)]).toEqual([
    2,
    ["web", "shop"],
  ]);
  const next = { name: "headers", module: "./next.ts", options: { a: 1 } };
  expect(api.services.document("web").filters).toEqual([next, { module: "./auth.ts" }]);
  expect(api.services.document("shop").filters).toEqual([next]);
  expect(api.applied.map(({ revision, replace }) => [revision, replace.length])).toEqual([
    [1, 2],
    [2, 2],
  ]);
});

test("PUT filters/{name} without a body reads the file again and writes nothing", async () => {
  const asked: unknown[] = [];
  await using api = await start({
    prepare: async (change, write) => {
      asked.push([change.replace.length, write?.fresh]);
      return undefined;
    },
  });
  asked.length = 0;
  for (const body of [undefined, {}]) {
    const response = await put(api, "headers", body);
    expect([response.status, await response.json()]).toMatchObject([200, { revision: 1 }]);
  }
  expect(asked).toEqual([
    [0, "headers"],
    [0, "headers"],
  ]);
});

test("PUT filters/{name} that a worker refuses is 422, and nothing is stored", async () => {
  const refusal = { service: "web", filter: "headers", reason: "cannot load the module: no" };
  await using api = await start({
    prepare: async (_change, write) => {
      if (write !== undefined) throw new FilterRefusedError([refusal]);
      return undefined;
    },
  });
  const response = await put(api, "headers", { options: { a: 1 } });
  expect([response.status, await response.json()]).toMatchObject([
    422,
    {
      code: "filter_refused",
      detail: "Cannot use filter headers of web: cannot load the module: no",
    },
  ]);
  expect(api.services.revision).toBe(1);
});

test.each<[string, unknown, string, number, string]>([
  ["none", {}, "*", 404, "unknown_filter"],
  ["headers", { module: "x.wasm" }, "*", 422, "invalid"],
  ["headers", { module: "x.ts", onError: "closed" }, "*", 422, "invalid"],
  ["headers", { options: 1 }, "*", 422, "invalid"],
  ["headers", { options: {} }, '"9"', 412, "revision_conflict"],
])("PUT filters/%s with %j and If-Match %s is %d %s", async (name, body, ifMatch, status, code) => {
  await using api = await start();
  const response = await put(api, name, body, ifMatch);
  expect([response.status, await response.json()]).toMatchObject([status, { code }]);
  expect(api.services.revision).toBe(1);
});

test("PUT filters/{name} needs If-Match", async () => {
  await using api = await start();
  const response = await fetch(`${api.url}/v1/filters/headers`, { method: "PUT" });
  expect([response.status, await response.json()]).toMatchObject([
    428,
    { code: "precondition_required" },
  ]);
});
