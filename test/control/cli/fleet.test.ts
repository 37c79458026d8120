import { expect, test } from "vitest";
import { cellsOf, runCommand } from "../../support/run-cli.ts";
import { ok, startScriptedApi } from "../../support/scripted-api.ts";

const FLEET = {
  revision: 3,
  sidecars: [
    { sidecar: "a", revision: 3, api: "https://10.0.0.7:9180", host: "one" },
    { sidecar: "b", revision: 2 },
  ],
};
const SEEN = {
  seen: 1,
  of: 2,
  missing: [{ sidecar: "b", reason: "it does not say where its API is" }],
  sidecars: [{ sidecar: "a", epoch: "e", revision: 3 }],
};
const V1 = {
  requests: { "2xx": 90, "5xx": 10 },
  attempts: {},
  retries: 2,
  retriesCrossed: 1,
  ejections: 0,
  durationSumMs: 1_000,
  durations: [
    [1, 50],
    [9.216, 49],
    [20.48, 1],
  ],
  exchangesOpen: 4,
  tunnelsOpen: 5,
};
const NONE = { ...V1, requests: {}, durations: [] };

test("sluice fleet lists who shares the table, who lags, and who cannot be asked", async () => {
  const api = await startScriptedApi({
    "GET /v1/fleet": ok(FLEET),
    "GET /v1/fleet/counts": ok({ ...SEEN, versions: {} }),
  });
  const { status, out } = await runCommand(["fleet"], { SLUICE_API: api.url });
  expect(status).toBe(0);
  expect(cellsOf(out)).toEqual([
    ["SIDECAR", "REVISION", "API", "COUNTS"],
    ["a", "3", "https://10.0.0.7:9180", "answers"],
    ["b", "2", "behind 3", "-", "it does not say where its API is"],
    [""],
    ["seen 1 of 2"],
  ]);
});

test("sluice fleet NAME adds what they have counted; --json gives the API's answers", async () => {
  const counts = { ...SEEN, versions: { v1: V1, v2: NONE } };
  const api = await startScriptedApi({
    "GET /v1/fleet": ok(FLEET),
    "GET /v1/fleet/counts?service=web": ok(counts),
  });
  const { out } = await runCommand(["fleet", "web"], { SLUICE_API: api.url });
  expect(cellsOf(out).slice(-3)).toEqual([
    ["VERSION", "REQUESTS", "5XX", "P50", "P99", "RETRIES", "OPEN", "TUNNELS"],
    ["v1", "100", "10 %", "< 1 ms", "< 9.22 ms", "3", "4", "5"],
    ["v2", "0", "-", "-", "-", "3", "4", "5"],
  ]);
  const json = await runCommand(["fleet", "web", "--json"], { SLUICE_API: api.url });
  expect(JSON.parse(json.out)).toEqual({ ...FLEET, counts });
});
