import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runCommand } from "../../support/run-cli.ts";
import { ok, startScriptedApi } from "../../support/scripted-api.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const START = ["rollout", "start", "web", "--to", "v2"];

test("sluice rollout start says all that the API can be asked for", async () => {
  const scripted = await startScriptedApi({ "POST /v1/rollouts": ok({ id: "web-1" }) });
  const options = {
    from: "v1",
    strategy: "rolling",
    preset: "fast",
    stepFor: "5m",
    soak: "1h",
    maxHold: "2h",
    onInconclusive: "abort",
    keepOldFor: "1m",
  };
  const args = Object.entries(options).flatMap(([name, value]) => {
    return [`--${name.replaceAll(/[A-Z]/g, (each) => `-${each.toLowerCase()}`)}`, value];
  });
  await runCommand(
    ["rollout", "start", "web", "--to", "v2", ...args, "--budget", "5", "--min-requests", "9"],
    { SLUICE_API: scripted.url },
  );
  expect(scripted.asked.map(({ body }) => body)).toEqual([
    { service: "web", to: "v2", ...options, budget: 5, minRequests: 9 },
  ]);
});

test("sluice rollout start takes a number of endpoints, or a part of them", async () => {
  const scripted = await startScriptedApi({ "POST /v1/rollouts": ok({ id: "web-1" }) });
  for (const most of ["2", "25%"]) {
    await runCommand([...START, "--max-unavailable", most], { SLUICE_API: scripted.url });
  }
  expect(scripted.asked.map(({ body }) => body)).toEqual([
    { service: "web", to: "v2", maxUnavailable: 2 },
    { service: "web", to: "v2", maxUnavailable: "25%" },
  ]);
});

test("sluice rollout start names other services that go in lock-step", async () => {
  const scripted = await startScriptedApi({ "POST /v1/rollouts": ok({ id: "web-1" }) });
  const group = ["--group", "shop=v3", "--group", "cart=v4"];
  await runCommand([...START, ...group], { SLUICE_API: scripted.url });
  const others = [
    { service: "shop", to: "v3" },
    { service: "cart", to: "v4" },
  ];
  expect(scripted.asked.map(({ body }) => body)).toEqual([
    { service: "web", to: "v2", group: others },
  ]);
  const odd = await runCommand([...START, "--group", "shop"], { SLUICE_API: scripted.url });
  expect([odd.status, odd.error]).toEqual([2, expect.stringContaining('found "shop"')]);
});

test("sluice rollout start takes from a file what has no option, options first", async () => {
  const scripted = await startScriptedApi({ "POST /v1/rollouts": ok({ id: "web-1" }) });
  const file = join(await temporaryFolder(), "how.yaml");
  const route = "{ setHeaderRoute: { headers: { x-canary: '1' } } }";
  await writeFile(file, `steps: [${route}, { pause: { duration: 5m } }]\nbudget: 7\nto: v9\n`);
  await runCommand([...START, "--with", file, "--budget", "5"], { SLUICE_API: scripted.url });
  expect(scripted.asked.map(({ body }) => body)).toEqual([
    {
      service: "web",
      to: "v2",
      budget: 5,
      steps: [{ setHeaderRoute: { headers: { "x-canary": "1" } } }, { pause: { duration: "5m" } }],
    },
  ]);
});

test("sluice rollout start refuses what it cannot read", async () => {
  const shares = await runCommand([...START, "--steps", "1,x"], {});
  expect([shares.status, shares.error]).toEqual([
    2,
    expect.stringContaining(
      'Cannot read --steps: wanted shares above 0 such as 1,10,50, found "1,x"',
    ),
  ]);
  const file = join(await temporaryFolder(), "how.yaml");
  const missing = await runCommand([...START, "--with", file], {});
  expect([missing.status, missing.error]).toEqual([2, expect.stringContaining("ENOENT")]);
  await writeFile(file, "[1]\n");
  expect((await runCommand([...START, "--with", file], {})).status).toBe(2);
});
