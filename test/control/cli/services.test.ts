import { beforeEach, describe, expect, test } from "vitest";
import { cellsOf, runCommand } from "../../support/run-cli.ts";
import { startApi } from "../../support/running-api.ts";
import type { RunningApi } from "../../support/running-api.ts";
import { ok, refused, startScriptedApi } from "../../support/scripted-api.ts";

let api: RunningApi;
let env: NodeJS.ProcessEnv;

beforeEach(async () => {
  api = await startApi();
  env = { SLUICE_API: `${api.url}/` };
  return () => api[Symbol.asyncDispose]();
});

describe("sluice services", () => {
  test("lists versions in columns", async () => {
    const { status, out } = await runCommand(["services"], env);
    expect(status).toBe(0);
    expect(cellsOf(out)).toEqual([
      ["SERVICE", "VERSION", "STATE", "WEIGHT", "SHARE", "EFFECTIVE", "OPEN", "TUNNELS"],
      ["web", "v1 (stable)", "ready", "90", "90 %", "90", "0", "0"],
      ["web", "v2", "ready", "10", "10 %", "10", "0", "0"],
    ]);
  });

  test("shows one service with its endpoints", async () => {
    const { out } = await runCommand(["services", "web"], env);
    expect(out).toMatch(/^v2 +10\.0\.0\.7:3000 +ready +healthy +0$/m);
  });

  test("writes the API's own answer with --json, before or after the command", async () => {
    const answer = await (await fetch(`${api.url}/v1/services`)).json();
    for (const args of [
      ["--json", "services"],
      ["services", "--json"],
    ]) {
      expect(JSON.parse((await runCommand(args, env)).out)).toEqual(answer);
    }
  });

  test("says which service is unknown, and exits with 1", async () => {
    const { status, out, error } = await runCommand(["services", "shop"], env);
    expect([status, out]).toEqual([1, ""]);
    expect(error).toBe('sluice: Cannot find service "shop"; `sluice services` lists them');
  });
});

const VIEW = {
  name: "web",
  stable: "v1",
  weights: { v1: 1, v2: 2 },
  shares: { v1: 1 / 3, v2: 2 / 3 },
  effectiveWeights: { v1: 1, v2: 0 },
  versions: {
    v1: { state: "ready", exchangesOpen: 3, tunnelsOpen: 1, endpoints: [] },
    v2: {
      state: "drain",
      exchangesOpen: 0,
      tunnelsOpen: 0,
      endpoints: [
        { address: "a:1", state: "ready", healthy: true, ejectedBy: 2, ejectedForMs: 1_001 },
        { address: "b:1", state: "maint", healthy: false, ejectedBy: 2, ejectedForMs: 1_001 },
        { address: "c:1", state: "ready", healthy: false, panic: true, reason: "answered 500" },
      ].map((each) => ({ ...each, inFlight: 4 })),
    },
  },
};

test("sluice services NAME tells each endpoint's health, by registry, then workers", async () => {
  const scripted = await startScriptedApi({ "GET /v1/services/web": ok(VIEW) });
  const { out } = await runCommand(["services", "web"], { SLUICE_API: scripted.url });
  expect(cellsOf(out)).toEqual([
    ["SERVICE", "VERSION", "STATE", "WEIGHT", "SHARE", "EFFECTIVE", "OPEN", "TUNNELS"],
    ["web", "v1 (stable)", "ready", "1", "33.3 %", "1", "3", "1"],
    ["web", "v2", "drain", "2", "66.7 %", "0", "0", "0"],
    [""],
    ["VERSION", "ENDPOINT", "STATE", "HEALTH", "IN FLIGHT"],
    ["v2", "a:1", "ready", "ejected for 2 s", "4"],
    ["v2", "b:1", "maint", "unhealthy", "4"],
    ["v2", "c:1", "ready", "unhealthy, used in panic: answered 500", "4"],
  ]);
});

test("sluice services NAME tells what limits and mirroring make of requests", async () => {
  const [v1, v2] = [VIEW.versions.v1, VIEW.versions.v2];
  const versions = { v1: { ...v1, limit: 3, waiting: 7 }, v2: { ...v2, limit: 3, waiting: 0 } };
  const view = { ...VIEW, versions, shed: 5, shadow: { compared: 9, different: 2 } };
  const scripted = await startScriptedApi({ "GET /v1/services/web": ok(view) });
  const { out } = await runCommand(["services", "web"], { SLUICE_API: scripted.url });
  expect(out.trimEnd().split("\n").slice(-4)).toEqual([
    "",
    "v1: 3 of 3 requests under way, 7 wait",
    "shed by limits so far: 5",
    "mirrored answers: 2 of 9 differ, see `sluice shadow web`",
  ]);
});

test("sluice services --fleet asks for the fleet first, and fails if there is none", async () => {
  const detail = "Cannot ask the fleet: wanted store kind consul, which sidecars share";
  const scripted = await startScriptedApi({ "GET /v1/fleet": refused(404, "no_fleet", detail) });
  const { status, error } = await runCommand(["services", "--fleet"], {
    SLUICE_API: scripted.url,
  });
  expect([status, error]).toEqual([1, `sluice: ${detail}`]);
  expect(scripted.asked.map(({ call }) => call)).toEqual(["GET /v1/fleet"]);
});

test("sluice services says what each speaks where some are of kind tcp", async () => {
  const services = [
    { ...VIEW, kind: "http" },
    { ...VIEW, name: "redis", kind: "tcp" },
  ];
  const scripted = await startScriptedApi({ "GET /v1/services": ok({ services }) });
  const { out } = await runCommand(["services"], { SLUICE_API: scripted.url });
  expect(cellsOf(out).map(([service, kind, version]) => [service, kind, version])).toEqual([
    ["SERVICE", "KIND", "VERSION"],
    ["web", "http", "v1 (stable)"],
    ["web", "http", "v2"],
    ["redis", "tcp", "v1 (stable)"],
    ["redis", "tcp", "v2"],
  ]);
});
