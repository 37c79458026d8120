import { expect, test } from "vitest";
import { runCommand } from "../../support/run-cli.ts";
import { ok, startScriptedApi } from "../../support/scripted-api.ts";
import { startSidecar } from "../../support/sidecar.ts";

const NOTHING = {
  services: { replaced: [], removed: [], absent: [], differing: [] },
  listeners: { opened: [], closed: [] },
  needsRestart: [],
  warnings: [],
};

test.each([
  [[], "POST /v1/reload"],
  [["--plan"], "POST /v1/reload?plan=true"],
  [["--restore", "web", "api"], "POST /v1/reload?restore=web%2Capi"],
  [["--plan", "--restore", "*"], "POST /v1/reload?plan=true&restore=*"],
  [["--force", "--reason", "why"], "POST /v1/reload?force=true"],
])("sluice reload with %j calls %s", async (options, call) => {
  const api = await startScriptedApi({ [call]: ok(NOTHING) });
  const { status, out } = await runCommand(["reload", ...options], { SLUICE_API: api.url });
  expect([status, out]).toEqual([0, expect.stringMatching(/(change|changed) nothing$/)]);
});

test("sluice reload says what has changed, what has not, and what it warns of", async () => {
  const report = {
    services: { replaced: ["web"], removed: ["old"], absent: ["gone"], differing: ["api"] },
    listeners: { opened: ["127.0.0.1:1"], closed: [] },
    needsRestart: ["workers"],
    warnings: [{ code: "no_usable_endpoint", service: "web", text: "v1 has no endpoint" }],
  };
  const api = await startScriptedApi({ "POST /v1/reload": ok(report) });
  expect((await runCommand(["reload"], { SLUICE_API: api.url })).out.split("\n")).toEqual([
    "The file is in force, it changed",
    "  services replaced: web",
    "  services removed: old",
    "  listeners opened: 127.0.0.1:1",
    "  not as in the file: api (changed since; --restore puts back)",
    "  not there: gone (removed since; --restore puts back)",
    "  only after a restart: workers",
    "warning: v1 has no endpoint",
  ]);
});

test("sluice reload --plan changes nothing, and a reload what it said", async () => {
  const web = (timeout: string): object => ({
    web: { timeout, versions: { v1: { endpoints: ["10.0.0.5:3000"] } } },
  });
  const sidecar = await startSidecar({ workers: 1, services: web("1s") });
  try {
    await sidecar.writeConfig({ workers: 1, services: web("2s") });
    const env = { SLUICE_API: sidecar.api };
    const changes = "  services replaced: web";
    const plan = await runCommand(["reload", "--plan"], env);
    expect(plan.out).toContain(`A reload would change\n${changes}`);
    expect(await revision(sidecar.api)).toBe(1);
    expect((await runCommand(["reload"], env)).out).toContain(`it changed\n${changes}`);
    expect(await revision(sidecar.api)).toBe(2);
  } finally {
    await sidecar.stop();
  }
});

async function revision(api: string): Promise<number> {
  const table = await (await fetch(`${api}/v1/services`)).json();
  return (table as { readonly revision: number }).revision;
}
