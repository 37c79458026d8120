import { expect, test } from "vitest";
import { cellsOf, runCommand } from "../../support/run-cli.ts";
import { ok, refused, startScriptedApi } from "../../support/scripted-api.ts";
import type { ScriptedAnswer } from "../../support/scripted-api.ts";

const READY = ok({ ready: true, reasons: [], stale: [], problems: [] });
const TABLE = ok({ revision: 7, services: [{}, {}] });

/** The rows that `sluice status` prints by their first cell. */
async function statusRows(
  readyz: ScriptedAnswer,
  table: ScriptedAnswer,
): Promise<Record<string, string>> {
  const api = await startScriptedApi({ "GET /readyz": readyz, "GET /v1/services": table });
  const { status, out } = await runCommand(["status"], { SLUICE_API: api.url });
  expect(status).toBe(0);
  return Object.fromEntries(cellsOf(out).map(([name = "", text = ""]) => [name, text]));
}

test("sluice status says that all is well", async () => {
  expect(await statusRows(READY, TABLE)).toEqual({
    api: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    ready: "yes",
    registry: "in step, or none",
    revision: "7",
    services: "2",
    workers: "all answer",
  });
});

test("sluice status says everything that is not well, and is no error", async () => {
  const readyz = {
    status: 503,
    body: {
      ready: false,
      reasons: ["draining", "no table yet"],
      stale: ["table: old", "web: old"],
    },
  };
  const table = ok({ revision: 7, services: [], countsMissing: "worker 41 does not answer" });
  expect(await statusRows(readyz, table)).toMatchObject({
    ready: "no: draining, no table yet",
    registry: "table: old; web: old",
    workers: "worker 41 does not answer",
  });
});

test("sluice status --json counts the services, and leaves them out", async () => {
  const api = await startScriptedApi({ "GET /readyz": READY, "GET /v1/services": TABLE });
  const { out } = await runCommand(["status", "--json"], { SLUICE_API: api.url });
  expect(JSON.parse(out)).toEqual({
    api: api.url,
    ready: true,
    reasons: [],
    stale: [],
    problems: [],
    revision: 7,
    services: 2,
  });
});

test("sluice status prints first what is not well, and how much more there is", async () => {
  const problems = [
    { code: "nothing_served", service: "web", text: "web: all of them get 503" },
    { code: "registry", text: "table: Consul says\u001B[31m no" },
  ];
  const stale = ["table: Consul says no"];
  const health = { ready: true, reasons: [], stale, problems, moreProblems: 7 };
  const api = await startScriptedApi({ "GET /readyz": ok(health), "GET /v1/services": TABLE });
  const { status, out } = await runCommand(["status"], { SLUICE_API: api.url });
  expect(status).toBe(0);
  expect(out.split("\n").slice(0, 5)).toEqual([
    "problem: web: all of them get 503",
    "problem: table: Consul says\\u001b[31m no",
    "problem: and 7 more",
    expect.stringMatching(/^api /),
    "ready     yes",
  ]);
  const json = await runCommand(["status", "--json"], { SLUICE_API: api.url });
  expect(JSON.parse(json.out)).toMatchObject(health);
});

test("sluice status understands a sidecar that does not tell problems yet", async () => {
  const health = ok({ ready: true, reasons: [], stale: [] });
  expect(await statusRows(health, TABLE)).toMatchObject({ ready: "yes" });
});

test("sluice status fails when the API refuses", async () => {
  const table = refused(500, "internal", "Cannot answer: an internal error, see the log");
  const api = await startScriptedApi({ "GET /readyz": READY, "GET /v1/services": table });
  const { status, error } = await runCommand(["status"], { SLUICE_API: api.url });
  expect([status, error]).toEqual([1, "sluice: Cannot answer: an internal error, see the log"]);
});

test.each([
  [READY, 0, "ready: yes"],
  [
    { status: 503, body: { ready: false, reasons: ["draining"], stale: [] } },
    1,
    "ready: no: draining",
  ],
])(
  "sluice status --check asks nothing else, and its exit status tells",
  async (readyz, ...told) => {
    const api = await startScriptedApi({ "GET /readyz": readyz });
    const { status, out } = await runCommand(["status", "--check"], { SLUICE_API: api.url });
    expect([status, out]).toEqual(told);
    expect(api.asked).toHaveLength(1);
  },
);
