import { beforeEach, describe, expect, test } from "vitest";
import { runCommand } from "../../support/run-cli.ts";
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

test.each([
  ["ready", "is ready"],
  ["maint", "is in maintenance"],
  ["drain", "drains"],
])("sluice %s sets the state of a version and of an endpoint", async (state, words) => {
  // From another state: a write that changes nothing has no revision of its own.
  await runCommand([state === "maint" ? "drain" : "maint", "web/v2"], env);
  const version = await runCommand([state, "web/v2"], env);
  expect([version.status, version.out.split("\n")[0]]).toEqual([
    0,
    `web/v2 ${words} since revision 3`,
  ]);
  expect(api.services.snapshot("web").versions[1]?.state).toBe(state);
  await runCommand([state === "maint" ? "drain" : "maint", "web/v1/10.0.0.6:3000"], env);
  const endpoint = await runCommand([state, "web/v1/10.0.0.6:3000"], env);
  expect([endpoint.status, endpoint.out.split("\n")[0]]).toEqual([
    0,
    `web/v1/10.0.0.6:3000 ${words} since revision 5`,
  ]);
  const [first, second] = api.services.snapshot("web").versions[0]?.endpoints ?? [];
  expect([first?.state, second?.state]).toEqual(["ready", state]);
});

test("sluice ready takes endpoints whose addresses have slashes and colons", async () => {
  const call = "PUT /v1/services/web/versions/v1/endpoints/unix%3A%2Frun%2Fweb.sock/state";
  const scripted = await startScriptedApi({ [call]: ok({ revision: 8 }) });
  const args = ["ready", "web/v1/unix:/run/web.sock", "--if-rev", "7"];
  expect((await runCommand(args, { SLUICE_API: scripted.url })).status).toBe(0);
  expect(scripted.asked).toEqual([{ call, body: { state: "ready" }, ifMatch: '"7"' }]);
});

describe("sluice drain", () => {
  test("drains a version", async () => {
    const { status, out } = await runCommand(["drain", "web/v2"], env);
    expect([status, out]).toEqual([0, "web/v2 drains since revision 2"]);
    expect(api.services.snapshot("web").versions[1]?.state).toBe("drain");
  });

  test("drains the sidecar with --self, which status then shows", async () => {
    expect((await runCommand(["status"], env)).out).toMatch(/^ready +yes$/m);
    expect((await runCommand(["drain", "--self", "--reason", "rest"], env)).status).toBe(0);
    const { status, out } = await runCommand(["status"], env);
    expect([status, api.sidecar.drains]).toEqual([0, 1]);
    expect(out).toMatch(/^ready +no: draining$/m);
  });
});

test("sluice drain writes the version's state on the revision that it read", async () => {
  const call = "PUT /v1/services/web/versions/v%202/state";
  const scripted = await startScriptedApi({
    "GET /v1/services/web": ok({ revision: 7 }),
    [call]: ok({ revision: 8 }),
  });
  const args = ["drain", "web/v 2", "--reason", "why"];
  const { out } = await runCommand(args, { SLUICE_API: scripted.url });
  expect(out).toBe("web/v 2 drains since revision 8");
  expect(scripted.asked).toEqual([
    { call: "GET /v1/services/web" },
    { call, body: { state: "drain" }, ifMatch: '"7"', reason: "why" },
  ]);
});
