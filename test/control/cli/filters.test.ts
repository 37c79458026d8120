import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runCli } from "../../../control/cli/program.ts";
import { startApi, WEB } from "../../support/running-api.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { oneWorker } from "../../support/worker-stats.ts";

type Result = { readonly status: number; readonly out: string; readonly error: string };

async function run(args: readonly string[], api = ""): Promise<Result> {
  const out: string[] = [];
  const error: string[] = [];
  const output = {
    out: (line: string) => void out.push(line),
    error: (line: string) => void error.push(line),
  };
  const status = await runCli(args, { output, env: { SLUICE_API: api }, version: "1.2.3" });
  return { status, out: out.join("\n"), error: error.join("\n") };
}

const initial = { web: { ...WEB, filters: [{ module: "./headers.ts" }] } };
const workers = { stats: async () => [oneWorker()], restarts: 0, pids: [1] };

test("sluice filters lists them in columns", async () => {
  await using api = await startApi({ initial, workers });
  const { status, out } = await run(["filters"], api.url);
  expect(status).toBe(0);
  expect(out.split("\n").map((line) => line.split(/ {2,}/))).toEqual([
    ["FILTER", "SERVICE", "MODULE", "VERSION", "CODE", "ON ERROR", "FAILED", "ANSWERED"],
    ["headers", "web", "./headers.ts", "1", "none (not as configured)", "bypass", "24", "10"],
  ]);
});

test("sluice filters replace writes module and options, on the revision that it read", async () => {
  await using api = await startApi({ initial, workers });
  const options = ["--module", "./next.ts", "--options", '{"a":1}', "--reason", "why"];
  const { status, out } = await run(["filters", "replace", "headers", ...options], api.url);
  expect([status, out.split("\n").length]).toEqual([0, 2]);
  expect(api.services.document("web").filters).toEqual([
    { name: "headers", module: "./next.ts", options: { a: 1 } },
  ]);
  expect((await run(["audit"], api.url)).out).toMatch(/local +put-filter +web +2 +why$/m);
});

test("sluice filters replace refuses what cannot be, and says what to do", async () => {
  await using api = await startApi({ initial, workers });
  const replace = (...args: readonly string[]): Promise<Result> =>
    run(["filters", "replace", ...args], api.url);
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

test("sluice check finds modules that cannot be read, and runs none", async () => {
  const folder = await temporaryFolder();
  const file = join(folder, "sluice.json");
  const versions = { v1: { endpoints: ["a:1"] } };
  const check = async (...modules: readonly string[]): Promise<Result> => {
    const filters = modules.map((module) => ({ module }));
    const listeners = [{ bind: "127.0.0.1:0" }];
    await writeFile(file, JSON.stringify({ listeners, services: { web: { versions, filters } } }));
    return run(["check", file]);
  };
  await writeFile(join(folder, "a.ts"), "throw new Error('not run');");
  expect(await check("./a.ts")).toMatchObject({ status: 0, out: `${file} is good: web` });
  const { status, error } = await check("./a.ts", "./none.ts");
  expect(status).toBe(2);
  expect(error).toContain(
    "services.web.filters[1].module: wanted a module that can be read, found cannot read ./none.ts",
  );
});
