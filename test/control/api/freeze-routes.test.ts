import { beforeEach, expect, test } from "vitest";
import { startApi, WEB } from "../../support/running-api.ts";
import type { RunningApi } from "../../support/running-api.ts";

const UNTIL = new Date(Date.now() + 3_600_000).toISOString();
const { v1, v2 } = WEB.versions;
const READY = { ...WEB, versions: { v1: { ...v1, weight: 100 }, v2: { ...v2, weight: 0 } } };

let api: RunningApi;

beforeEach(async () => {
  api = await startApi({ initial: { web: READY } });
  return () => api[Symbol.asyncDispose]();
});

async function call(method: string, path: string, body?: object): Promise<[number, unknown]> {
  const answer = await fetch(api.url + path, {
    method,
    headers: {
      "if-match": "*",
      "x-sluice-reason": "holidays",
      ...(body && { "content-type": "application/json" }),
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  return [answer.status, await answer.json()];
}

const shift = (): Promise<[number, unknown]> =>
  call("PATCH", "/v1/services/web/weights", { v2: "20%" });

test.each([{ service: "web" }, {}])("A freeze of %j refuses shifts until it ends", async (what) => {
  const [status, freeze] = await call("POST", "/v1/freezes", { ...what, until: UNTIL });
  expect([status, freeze]).toMatchObject([200, { until: UNTIL, reason: "holidays", ...what }]);
  expect(await call("GET", "/v1/freezes")).toEqual([200, { freezes: [freeze] }]);
  const detail = expect.stringContaining(`frozen until ${UNTIL}, as local said: holidays`);
  expect(await shift()).toMatchObject([409, { code: "frozen", detail }]);
  const query = "service" in what ? "?service=web" : "";
  expect(await call("DELETE", `/v1/freezes${query}`)).toEqual([200, { freezes: [] }]);
  expect(await shift()).toMatchObject([200, { revision: 2 }]);
  expect(api.events.since(0).filter(({ kind }) => kind === "freeze")).toMatchObject([
    { until: UNTIL, actor: "local", reason: "holidays" },
    { until: undefined },
  ]);
});

test("A freeze refuses rollouts, and lets one that there is be aborted only", async () => {
  await call("POST", "/v1/rollouts", { service: "web", to: "v2" });
  await call("POST", "/v1/freezes", { until: UNTIL });
  const outcomes: string[] = [];
  for (const verb of ["promote", "pause", "resume", "abort", "retry"]) {
    const [status, answer] = await call("POST", `/v1/rollouts/web/${verb}`);
    const { code, phase } = answer as { code?: string; phase?: string };
    outcomes.push(`${verb} ${status} ${code ?? phase}`);
  }
  expect(outcomes).toEqual([
    "promote 409 frozen",
    "pause 200 paused",
    "resume 409 frozen",
    "abort 200 aborted",
    "retry 409 frozen",
  ]);
});

test.each([
  ["POST", "/v1/freezes", { until: "tomorrow" }, 422, "invalid"],
  ["POST", "/v1/freezes", { until: "2020-01-01T00:00:00Z" }, 422, "invalid"],
  ["POST", "/v1/freezes", { until: UNTIL, service: "shop" }, 404, "unknown_service"],
  ["DELETE", "/v1/freezes?service=web", undefined, 404, "no_freeze"],
])("%s %s %j is refused: %d", async (method, path, body, status, code) => {
  expect(await call(method, path, body)).toMatchObject([status, { code }]);
});
