import { expect, test } from "vitest";
import { runCommand } from "../../support/run-cli.ts";
import { ok, startScriptedApi } from "../../support/scripted-api.ts";

test.each([
  [{ actor: "token:ci", role: "shift", services: ["web", "api"] }, "web, api"],
  [{ actor: "socket", role: "admin" }, "all"],
  [{ actor: "jwt:ada", role: "shift", services: [] }, "none"],
])("sluice whoami says who %j is", async (caller, services) => {
  const api = await startScriptedApi({ "GET /v1/whoami": ok(caller) });
  const env = { SLUICE_API: api.url };
  const { status, out } = await runCommand(["whoami"], env);
  expect([status, out.split("\n").map((line) => line.split(/ {2,}/))]).toEqual([
    0,
    [
      ["actor", caller.actor],
      ["role", caller.role],
      ["services", services],
    ],
  ]);
  expect(JSON.parse((await runCommand(["whoami", "--json"], env)).out)).toEqual(caller);
});
