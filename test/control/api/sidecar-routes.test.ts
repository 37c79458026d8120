import { expect, test } from "vitest";
import { DrainingError, EndsServiceError, SwapError } from "../../../control/base/errors.ts";
import { eventually } from "../../support/eventually.ts";
import { startApi } from "../../support/running-api.ts";
import type { RunningApi } from "../../support/running-api.ts";

/** Calls the API; `[status, body]`. */
async function call(
  api: RunningApi,
  method: string,
  path: string,
  body?: unknown,
): Promise<[number, unknown]> {
  const json = { headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  const response = await fetch(api.url + path, { method, ...(body === undefined ? {} : json) });
  return [response.status, await response.json()];
}

test("POST drain answers at once; readyz is 503 and says why from then on", async () => {
  await using api = await startApi();
  const ready = { ready: true, reasons: [], stale: [], problems: [] };
  expect(await call(api, "GET", "/readyz")).toEqual([200, ready]);
  expect(await call(api, "POST", "/v1/drain")).toEqual([202, { draining: true }]);
  const draining = { ready: false, reasons: ["draining"], stale: [], problems: [] };
  expect(await call(api, "GET", "/readyz")).toEqual([503, draining]);
  expect(await call(api, "GET", "/livez")).toEqual([200, { live: true }]);
  expect(api.sidecar.drains).toBe(1);
});

test("readyz stays 200 while the registry is away, and says what is stale", async () => {
  const stale = ["instances: Consul cannot be reached"];
  await using api = await startApi({ registry: { stale, stalenessMs: () => 1, fleet: undefined } });
  const problems = [{ code: "registry", text: stale[0] }];
  const answer = { ready: true, reasons: [], stale, problems };
  expect(await call(api, "GET", "/readyz")).toEqual([200, answer]);
});

test("readyz names sidecars that do not follow the table", async () => {
  const fleetProblem = "fleet: b acts on revision 5; here it is 7";
  const store = { refusals: new Map(), rewrite: () => Promise.reject(new Error("not here")) };
  const shared = { auditProblem: undefined, acceptAudit: async () => false, store, fleetProblem };
  const registry = { stale: [], stalenessMs: () => 0, fleet: undefined, shared };
  await using api = await startApi({ registry });
  expect(await call(api, "GET", "/readyz")).toMatchObject([
    200,
    { ready: true, problems: [{ code: "fleet", text: fleetProblem }] },
  ]);
});

test("readyz stays 200 while nothing serves a service, and says so", async () => {
  await using api = await startApi({ lately: { isBusy: () => true } });
  for (const version of ["v1", "v2"]) {
    const context = { actor: "test", ifMatch: "*", reason: "a test", force: true } as const;
    await api.services.setVersionState("web", version, "maint", context);
  }
  const [status, body] = await call(api, "GET", "/readyz");
  expect(status).toBe(200);
  expect(body).toMatchObject({
    ready: true,
    problems: [
      {
        code: "nothing_served",
        service: "web",
        text: "web: no version can take a request, all of them get 503; it has traffic",
      },
      { code: "not_ready", service: "web", version: "v1" },
      { code: "not_ready", service: "web", version: "v2" },
    ],
  });
});

test("POST reload answers with whatever came of it", async () => {
  const report = { services: { added: ["shop"] }, workers: "restart needed" };
  await using api = await startApi({ sidecar: { reload: async () => report } });
  expect(await call(api, "POST", "/v1/reload")).toEqual([200, report]);
});

test.each([
  ["nothing", undefined, { release: undefined, trialMs: 2_000 }],
  ["an empty object", {}, { release: undefined, trialMs: 2_000 }],
  ["a release", { release: "1.2.3" }, { release: "1.2.3", trialMs: 2_000 }],
  ["no trial", { trial: "0s" }, { release: undefined, trialMs: 0 }],
  ["a trial of its own", { trial: "1m" }, { release: undefined, trialMs: 60_000 }],
])("POST workers/swap takes %s", async (_name, body, wanted) => {
  const asked: unknown[] = [];
  const swap = async (options: unknown): Promise<{ started: number[]; retired: number[] }> => {
    asked.push(options);
    return { started: [7, 8], retired: [5, 6] };
  };
  await using api = await startApi({ sidecar: { swap } });
  const answer = await call(api, "POST", "/v1/workers/swap", body);
  expect(answer).toEqual([200, { started: [7, 8], retired: [5, 6] }]);
  expect(asked).toMatchObject([{ ...wanted, by: { actor: "local" } }]);
});

test("POST workers/swap takes no trial that holds up others for hours", async () => {
  await using api = await startApi();
  const answer = await call(api, "POST", "/v1/workers/swap", { trial: "601s" });
  const problem = { path: "trial", wanted: "a duration of at most 10m", found: '"601s"' };
  expect(answer).toMatchObject([422, { problems: [problem] }]);
});

test("POST workers/swap tells the trial when its caller leaves", async () => {
  const asked = Promise.withResolvers<AbortSignal | undefined>();
  const swap = ({ signal }: { signal?: AbortSignal }): Promise<never> => {
    asked.resolve(signal);
    return new Promise(() => undefined);
  };
  await using api = await startApi({ sidecar: { swap } });
  const caller = new AbortController();
  const init = { method: "POST", signal: caller.signal };
  const answer = fetch(`${api.url}/v1/workers/swap`, init).catch(() => "left");
  const signal = await asked.promise;
  expect(signal?.aborted).toBe(false);
  caller.abort();
  expect(await answer).toBe("left");
  await eventually(() => expect(signal?.aborted).toBe(true));
});

test("POST upgrade hands the release on, and answers who took whose place", async () => {
  const asked: unknown[] = [];
  const upgrade = async (options: unknown): Promise<{ pid: number; replaced: number }> => {
    asked.push(options);
    return { pid: 8, replaced: 5 };
  };
  await using api = await startApi({ sidecar: { upgrade } });
  const answer = [200, { pid: 8, replaced: 5 }];
  expect(await call(api, "POST", "/v1/upgrade", { release: "1.2.3" })).toEqual(answer);
  expect(await call(api, "POST", "/v1/upgrade")).toEqual(answer);
  const forced = `${api.url}/v1/upgrade?force=true`;
  expect((await fetch(forced, { method: "POST" })).status).toBe(400);
  const headers = { "x-sluice-reason": "s6 follows" };
  expect((await fetch(forced, { method: "POST", headers })).status).toBe(200);
  const by = { actor: "local", reason: undefined };
  expect(asked).toEqual([
    { release: "1.2.3", force: false, by },
    { release: undefined, force: false, by },
    { release: undefined, force: true, by: { ...by, reason: "s6 follows" } },
  ]);
});

test.each([
  ["/v1/workers/swap", { trial: 2 }, "trial"],
  ["/v1/workers/swap", { trial: "2 weeks" }, "trial"],
  ["/v1/workers/swap", { relase: "1.2.3" }, "relase"],
  ["/v1/upgrade", { release: 1 }, "release"],
  ["/v1/upgrade", { trial: "2s" }, "trial"],
])("POST %s refuses %j at path %s and does nothing", async (path, body, where) => {
  const never = (): Promise<never> => Promise.reject(new Error("It was asked"));
  await using api = await startApi({ sidecar: { swap: never, upgrade: never } });
  const answer = await call(api, "POST", path, body);
  expect(answer).toMatchObject([422, { code: "invalid", path: where }]);
});

test.each([
  ["/v1/workers/swap", new SwapError("worker 7 failed its trial"), 409, "swap_refused"],
  ["/v1/upgrade", new SwapError("wanted one upgrade at a time"), 409, "swap_refused"],
  ["/v1/upgrade", new EndsServiceError("PID 1"), 409, "would_end_service"],
  ["/v1/upgrade", new DrainingError("upgrade"), 503, "draining"],
  ["/v1/reload", new DrainingError("reload"), 503, "draining"],
])("POST %s says why it failed: %s", async (path, error, status, code) => {
  const fail = (): Promise<never> => Promise.reject(error);
  await using api = await startApi({ sidecar: { swap: fail, upgrade: fail, reload: fail } });
  const answer = await call(api, "POST", path);
  expect(answer).toMatchObject([status, { code, detail: error.message }]);
});

test.each([
  ["", { plan: false, restore: [] }],
  ["?plan", { plan: true, restore: [] }],
  ["?plan=false&restore=web,shop", { plan: false, restore: ["web", "shop"] }],
  ["?restore=*", { plan: false, restore: ["*"] }],
])("POST reload%s asks for %j", async (query, wanted) => {
  const asked: unknown[] = [];
  const reload = async (options: unknown): Promise<object> => {
    asked.push(options);
    return {};
  };
  await using api = await startApi({ sidecar: { reload } });
  await fetch(`${api.url}/v1/reload${query}`, {
    method: "POST",
    headers: { "x-sluice-reason": "new timeouts" },
  });
  expect(asked).toEqual([{ ...wanted, actor: "local", force: false, reason: "new timeouts" }]);
});

test("readyz stays 200 while the table cannot be stored, and says why", async () => {
  const storeProblem = "Cannot write state.json: ENOSPC";
  await using api = await startApi({ storeProblem: () => storeProblem });
  expect(await call(api, "GET", "/readyz")).toMatchObject([
    200,
    {
      ready: true,
      stale: [`table: ${storeProblem}`],
      problems: [{ code: "store", text: `table: ${storeProblem}` }],
    },
  ]);
});
