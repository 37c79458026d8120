import { beforeEach, describe, expect, test } from "vitest";
import type { RolloutView } from "../../../control/rollout/rollout-view.ts";
import { startApi, WEB } from "../../support/running-api.ts";
import type { RunningApi } from "../../support/running-api.ts";
import { bearer } from "../../support/api-tokens.ts";

let api: RunningApi;

const X = { headers: { "x-canary": "secret" } };

const READY = {
  ...WEB,
  versions: {
    v1: { ...WEB.versions["v1"], weight: 100 },
    v2: { ...WEB.versions["v2"], weight: 0 },
  },
};

beforeEach(async () => {
  api = await startApi({ initial: { web: READY } });
  return () => api[Symbol.asyncDispose]();
});

function post(path: string, body?: unknown): Promise<Response> {
  const content = body === undefined ? {} : { "content-type": "application/json" };
  const headers = { "x-sluice-reason": "a test", ...content };
  return fetch(`${api.url}/v1/rollouts${path}`, {
    method: "POST",
    headers,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

async function begun(wish: object = {}): Promise<RolloutView> {
  const answer = await post("", { service: "web", to: "v2", ...wish });
  expect(answer.status).toBe(201);
  const view = (await answer.json()) as RolloutView;
  expect(answer.headers.get("location")).toBe(`/v1/rollouts/${view.id}`);
  return view;
}

test("POST /v1/rollouts begins one, which is there by its id and its service's name", async () => {
  const view = await begun({ steps: [5, { pause: { duration: "5m" } }, { analysis: {} }] });
  expect(view).toMatchObject({
    phase: "progressing",
    from: "v1",
    share: 0,
    reason: "a test",
    stages: ["weight 5 %", "pause 60 s", "pause 300 s", "analysis"],
    history: [{ decision: "start", by: "local" }],
  });
  for (const id of [view.id, "web"]) {
    const answer = await fetch(`${api.url}/v1/rollouts/${id}`);
    expect(await answer.json()).toEqual(view);
  }
  const list = await fetch(`${api.url}/v1/rollouts`);
  expect(await list.json()).toEqual({ rollouts: [view] });
});

test("POST /v1/rollouts/ID/VERB does what it says, or says why it cannot", async () => {
  const { id } = await begun();
  const outcomes: string[] = [];
  for (const verb of ["undo", "pause", "pause", "retry", "resume", "abort", "abort", "promote"]) {
    const answer = await post(`/${id}/${verb}`);
    const { phase, code } = (await answer.json()) as { phase?: string; code?: string };
    outcomes.push(`${verb} ${answer.status} ${phase ?? code}`);
  }
  expect(outcomes).toEqual([
    "undo 409 rollout_phase",
    "pause 200 paused",
    "pause 200 paused",
    "retry 409 rollout_phase",
    "resume 200 progressing",
    "abort 200 aborted",
    "abort 200 aborted",
    "promote 409 rollout_phase",
  ]);
});

test("POST /v1/rollouts/ID/promote with full gives all, and undo takes it back", async () => {
  await begun();
  await post("/web/promote", { full: true });
  const weights = (): number[] => api.services.snapshot("web").versions.map((each) => each.weight);
  expect(weights()).toEqual([0, 100]);
  const answer = await post("/web/undo");
  expect(await answer.json()).toMatchObject({ phase: "aborted", why: { rule: "undo-asked" } });
  expect(weights()).toEqual([100, 0]);
});

test("POST /v1/rollouts/ID/undo with a ramp gives back bit by bit", async () => {
  await begun();
  await post("/web/promote", { full: true });
  for (const ramp of ["0s", "2h"]) expect((await post("/web/undo", { ramp })).status).toBe(422);
  expect((await post("/web/pause", { ramp: "30s" })).status).toBe(409);
  const answer = await post("/web/undo", { ramp: "30s" });
  expect(await answer.json()).toMatchObject({ phase: "retreating", share: 1 - 1 / 11 });
  const [v1] = api.services.snapshot("web").versions;
  expect(v1?.weight).toBeGreaterThan(0);
  expect(await (await post("/web/abort")).json()).toMatchObject({ phase: "aborted", share: 0 });
});

test("POST /v1/rollouts with force needs a reason", async () => {
  const init = { method: "POST", headers: { "content-type": "application/json" } };
  const body = JSON.stringify({ service: "web", to: "v2", force: true });
  const answer = await fetch(`${api.url}/v1/rollouts`, { ...init, body });
  expect(await answer.json()).toMatchObject({ code: "reason_required" });
  expect((await begun({ force: true })).phase).toBe("progressing");
});

test("A header route is told without the values that it compares with", async () => {
  const view = await begun({ steps: [{ setHeaderRoute: X }, { pause: {} }] });
  expect(view.stages).toEqual(["only requests with x-canary", "pause until promoted"]);
  expect(JSON.stringify(view)).not.toContain("secret");
});

describe("A call about rollouts is refused", () => {
  test.each([
    [{ service: "web", to: "v2", steps: [0] }, 422, "invalid"],
    [{ service: "web", to: "v2", preset: "reckless" }, 422, "invalid"],
    [{ service: "web", to: "v2", steps: [{ setHeaderRoute: { headers: {} } }] }, 422, "invalid"],
    [{ service: "web", to: "v2", steps: [5, { setHeaderRoute: X }] }, 422, "invalid"],
    [{ service: "web", to: "v2", steps: [{ analysis: {} }, 5] }, 422, "invalid"],
    [{ service: "web", to: "v2", steps: [5, 50, 20] }, 422, "invalid"],
    [{ service: "web", to: "v2", steps: [100, { analysis: {} }] }, 422, "invalid"],
    [{ service: "web", to: "v2", stepz: [5] }, 422, "invalid"],
    [{ service: "web" }, 422, "invalid"],
    [{ service: "web", to: "v2", strategy: "rolling", steps: [5] }, 422, "invalid"],
    [{ service: "web", to: "v2", strategy: "rolling", maxUnavailable: "0%" }, 422, "invalid"],
    [{ service: "web", to: "v2", maxUnavailable: 1 }, 422, "invalid"],
    [{ service: "web", to: "v2", group: [{ service: "web", to: "v2" }] }, 422, "invalid"],
    [{ service: "web", to: "v2", group: [] }, 422, "invalid"],
    [{ service: "shop", to: "v2" }, 404, "unknown_service"],
    [{ service: "web", to: "v1" }, 409, "rollout_unfit"],
  ])("as %j: %d", async (body, status, code) => {
    const answer = await post("", body);
    expect([answer.status, await answer.json()]).toMatchObject([status, { code }]);
  });

  test.each([
    [{ steps: [5, 50, 20] }, "steps[2]: wanted a share of at least 50, as only an abort takes"],
    [{ steps: [{ setWeight: 5 }, { setWeight: 4 }] }, "steps[1]: wanted a share of at least 5,"],
    [{ steps: [{ analysis: {} }, 5] }, "steps[0]: wanted a share before analysis"],
    [{ steps: [100, { analysis: {} }] }, "steps[1]: wanted analysis while both versions have"],
    [{ steps: [5, { setHeaderRoute: X }] }, "steps[1]: wanted setHeaderRoute before the first"],
    [{ steps: [5, { mirror: {} }] }, "steps[1]: wanted mirror before the first share"],
    [{ gate: true }, "gate: wanted no gate, which is for blueGreen"],
    [{ guardRails: { p99: 500 } }, "guardRails.p99: wanted a duration with its unit"],
  ])("with what was wanted in the place of %j", async (wish, wanted) => {
    const { detail } = await (await post("", { service: "web", to: "v2", ...wish })).json();
    expect(detail).toContain(wanted);
  });

  test("when there is no such rollout", async () => {
    const answer = await post("/web/abort");
    expect([answer.status, await answer.json()]).toMatchObject([404, { code: "unknown_rollout" }]);
  });
});

test("A shift under a rollout is refused with the owner's name, unless it takes over", async () => {
  const { id } = await begun();
  const shift = (query: string): Promise<Response> =>
    fetch(`${api.url}/v1/services/web/weights${query}`, {
      method: "PATCH",
      headers: { "content-type": "application/json", "if-match": "*" },
      body: JSON.stringify({ v2: "20%" }),
    });
  const refused = await shift("");
  const problem = (await refused.json()) as { code: string; detail: string };
  expect([refused.status, problem.code]).toEqual([409, "rollout_owns"]);
  expect(problem.detail).toContain(`rollout ${id}, which local began`);
  const plan = (query: string): Promise<Response> =>
    fetch(`${api.url}/v1/services/web/plan${query}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ v2: "20%" }),
    });
  expect(await (await plan("")).json()).toMatchObject({ status: 409, code: "rollout_owns" });
  const planned = await (await plan("?takeOver=true")).json();
  expect(planned).toMatchObject({ versions: { v2: { share: { after: 0.2 } } } });
  expect((await shift("?takeOver=true")).status).toBe(200);
  const answer = await fetch(`${api.url}/v1/rollouts/${id}`);
  expect(await answer.json()).toMatchObject({ phase: "paused", released: true });
});

test("Whoever is limited to services may lead rollouts of these only", async () => {
  const identify = async (): Promise<never> => {
    const principal = { actor: "ci", role: "shift", services: ["shop"], stands: () => true };
    return principal as never;
  };
  await using limited = await startApi({
    initial: { web: READY, shop: { ...READY, hosts: ["shop.test"] } },
    access: { problems: [], identify },
  });
  const ask = async (path: string, body?: object): Promise<number> => {
    const headers = { "content-type": "application/json", ...bearer("x") };
    const init = { method: "POST", headers, body: JSON.stringify(body ?? {}) };
    return (await fetch(`${limited.url}/v1/rollouts${path}`, init)).status;
  };
  expect(await ask("", { service: "shop", to: "v2" })).toBe(201);
  expect(await ask("/shop/abort")).toBe(200);
  expect(await ask("", { service: "web", to: "v2" })).toBe(403);
  const group = [{ service: "web", to: "v2" }];
  expect(await ask("", { service: "shop", to: "v2", group })).toBe(403);
});
