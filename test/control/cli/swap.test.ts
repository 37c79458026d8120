import { expect, test } from "vitest";
import { runCommand } from "../../support/run-cli.ts";
import { ok, refused, startScriptedApi } from "../../support/scripted-api.ts";

const SWAP = "POST /v1/workers/swap";
const UPGRADE = "POST /v1/upgrade";

test.each([
  [[], { trial: "2s" }],
  [["--trial", "1m", "--release", "1.2.3"], { trial: "1m", release: "1.2.3" }],
])("sluice swap %j asks for %j and says who serves", async (options, body) => {
  const api = await startScriptedApi({ [SWAP]: ok({ started: [7, 8], retired: [5, 6] }) });
  const { status, out } = await runCommand(["swap", ...options], { SLUICE_API: api.url });
  expect([status, out]).toEqual([0, "Workers 7, 8 serve in place of 5, 6"]);
  expect(api.asked).toEqual([{ call: SWAP, body }]);
});

test.each([
  [[], {}],
  [["--release", "1.2.3"], { release: "1.2.3" }],
])("sluice upgrade %j asks for %j and says who serves", async (options, body) => {
  const api = await startScriptedApi({ [UPGRADE]: ok({ pid: 8, replaced: 5 }) });
  const { status, out } = await runCommand(["upgrade", ...options], { SLUICE_API: api.url });
  expect([status, out]).toEqual([0, "Process 8 serves in place of 5"]);
  expect(api.asked).toEqual([{ call: UPGRADE, body }]);
});

test("sluice upgrade --force says so, with its reason, and not without", async () => {
  const call = `${UPGRADE}?force=true`;
  const api = await startScriptedApi({ [call]: ok({ pid: 8, replaced: 5 }) });
  const env = { SLUICE_API: api.url };
  expect(await runCommand(["upgrade", "--force"], env)).toMatchObject({ status: 2, out: "" });
  expect(await runCommand(["upgrade", "--force", "--reason", "s6 follows"], env)).toMatchObject({
    status: 0,
  });
  expect(api.asked).toMatchObject([{ call, reason: "s6 follows" }]);
});

test.each([
  ["swap", SWAP],
  ["upgrade", UPGRADE],
])("sluice %s fails with the sidecar's own words", async (command, call) => {
  const detail = "Cannot swap workers: worker 7 failed its trial";
  const api = await startScriptedApi({ [call]: refused(409, "swap_refused", detail) });
  const { status, out, error } = await runCommand([command], { SLUICE_API: api.url });
  expect([status, out, error]).toEqual([1, "", `sluice: ${detail}`]);
});
