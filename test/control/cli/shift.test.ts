import { beforeEach, describe, expect, test } from "vitest";
import { cellsOf, runCommand } from "../../support/run-cli.ts";
import { startApi } from "../../support/running-api.ts";
import type { RunningApi } from "../../support/running-api.ts";
import { ok, startScriptedApi } from "../../support/scripted-api.ts";

let api: RunningApi;
let env: NodeJS.ProcessEnv;

beforeEach(async () => {
  api = await startApi();
  env = { SLUICE_API: `${api.url}/` };
  return () => api[Symbol.asyncDispose]();
});

describe("sluice shift", () => {
  test("shifts on the revision that it read, with the reason", async () => {
    const { status, out } = await runCommand(
      ["shift", "web", "v1=80", "v2=20", "--reason", "Grüße ✓"],
      env,
    );
    expect([status, out]).toEqual([0, "web is at revision 2: v1=80 (80 %), v2=20 (20 %)"]);
    expect(api.services.snapshot("web").versions.map(({ weight }) => weight)).toEqual([80, 20]);
    expect((await runCommand(["audit"], env)).out).toMatch(/local +shift +web +2 +Grüße ✓$/m);
  });

  test("takes shares", async () => {
    const { out } = await runCommand(["shift", "web", "v2=25%"], env);
    expect(out).toBe("web is at revision 2: v1=75 (75 %), v2=25 (25 %)");
  });

  test("refuses on another revision than --if-rev, and changes nothing", async () => {
    const { status, error } = await runCommand(["shift", "web", "v2=20", "--if-rev", "9"], env);
    expect(status).toBe(1);
    expect(error).toMatch(/^sluice: Cannot write: wanted revision 9, found 1; somebody else/);
    expect(api.services.revision).toBe(1);
  });

  test("only says what it would do with --plan", async () => {
    const { status, out } = await runCommand(["shift", "web", "v1=0", "v2=1", "--plan"], env);
    expect(status).toBe(0);
    expect(out).toMatch(/^v1 +90 % +-> 0 % +\d/m);
    expect(api.services.revision).toBe(1);
  });

  test("writes errors as JSON with --json", async () => {
    const { status, error } = await runCommand(["shift", "web", "v1=0", "v2=0", "--json"], env);
    expect(status).toBe(1);
    expect(JSON.parse(error)).toMatchObject({
      error: { code: "invalid", problems: [{ path: "" }] },
    });
  });
});

test("sluice shift reads the revision, then writes with it, the reason and the wait", async () => {
  const shifted = { revision: 8, weights: { v1: 2, v2: 1 }, shares: { v1: 2 / 3, v2: 1 / 3 } };
  const call = "PATCH /v1/services/web/weights?wait=fleet";
  const scripted = await startScriptedApi({
    "GET /v1/services/web": ok({ revision: 7 }),
    [call]: ok(shifted),
  });
  const args = ["shift", "web", "v2=1", "--wait", "fleet", "--reason", "why"];
  const { out } = await runCommand(args, { SLUICE_API: scripted.url });
  expect(out).toBe("web is at revision 8: v1=2 (66.7 %), v2=1 (33.3 %)");
  expect(scripted.asked).toEqual([
    { call: "GET /v1/services/web" },
    { call, body: { v2: 1 }, ifMatch: '"7"', reason: "why" },
  ]);
});

test("sluice shift --plan shows keys, tunnels and warnings, and writes nothing", async () => {
  const side = { tunnels: { open: 3, toMigrate: 1 }, capacity: { inFlightExpected: 1.6 } };
  const plan = {
    versions: {
      v1: { ...side, share: { before: 0.9, after: 0.5 }, keys: { lost: 0.4, gained: 0 } },
      v2: { ...side, share: { before: 0.1, after: 0.5 } },
    },
    warnings: [{ code: "over_limit", version: "v2", text: "v2 expects 9 requests at once" }],
  };
  const call = "POST /v1/services/web/plan";
  const scripted = await startScriptedApi({ [call]: ok(plan) });
  const args = ["shift", "web", "v1=1", "v2=1", "--plan"];
  const { status, out } = await runCommand(args, { SLUICE_API: scripted.url });
  expect(status).toBe(0);
  expect(cellsOf(out)).toEqual([
    ["VERSION", "SHARE", "KEYS LOST", "GAINED", "TUNNELS TO MOVE", "OPEN EXPECTED"],
    ["v1", "90 %", "-> 50 %", "40 %", "0 %", "1 of 3", "2"],
    ["v2", "10 %", "-> 50 %", "-", "-", "1 of 3", "2"],
    ["warning: v2 expects 9 requests at once"],
  ]);
  expect(scripted.asked).toEqual([{ call, body: { v1: 1, v2: 1 } }]);
});
