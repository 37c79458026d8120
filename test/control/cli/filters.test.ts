import { expect, test } from "vitest";
import { cellsOf, runCommand } from "../../support/run-cli.ts";
import type { CliResult } from "../../support/run-cli.ts";
import { startApi, WEB } from "../../support/running-api.ts";
import { oneWorker } from "../../support/worker-stats.ts";

const initial = { web: { ...WEB, filters: [{ module: "./headers.ts" }] } };
const workers = { stats: async () => [oneWorker()], restarts: 0, pids: [1] };

test("sluice filters lists them in columns", async () => {
  await using api = await startApi({ initial, workers });
  const { status, out } = await runCommand(["filters"], { SLUICE_API: api.url });
  expect(status).toBe(0);
  expect(cellsOf(out)).toEqual([
    ["FILTER", "SERVICE", "MODULE", "VERSION", "CODE", "ON ERROR", "FAILED", "ANSWERED"],
    ["headers", "web", "./headers.ts", "1", "none (not as configured)", "bypass", "24", "10"],
  ]);
});

test("sluice filters replace writes module and options, on the revision that it read", async () => {
  await using api = await startApi({ initial, workers });
  const options = ["--module", "./next.ts", "--options", '{"a":1}', "--reason", "why"];
  const { status, out } = await runCommand(["filters", "replace", "headers", ...options], {
    SLUICE_API: api.url,
  });
  expect([status, out.split("\n").length]).toEqual([0, 2]);
  expect(api.services.document("web").filters).toEqual([
    { name: "headers", module: "./next.ts", options: { a: 1 } },
  ]);
  expect((await runCommand(["audit"], { SLUICE_API: api.url })).out).toMatch(
    /local +put-filter +web +2 +why$/m,
  );
});

test("sluice filters replace refuses what cannot be, and says what to do", async () => {
  await using api = await startApi({ initial, workers });
  const replace = (...args: readonly string[]): Promise<CliResult> =>
    runCommand(["filters", "replace", ...args], { SLUICE_API: api.url });
  expect(await replace("headers", "--options", "{")).toMatchObject({
    status: 2,
    error: 'sluice: Cannot read --options: wanted JSON, found "{"',
  });
  expect(await replace("none")).toMatchObject({
    status: 1,
    error: 'sluice: Cannot find filter "none"; `sluice filters` lists them',
  });
  expect(await replace("headers", "--if-rev", "9")).toMatchObject({ status: 1 });
});
