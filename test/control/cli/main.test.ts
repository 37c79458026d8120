import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { startApi } from "../../support/running-api.ts";
import { startSidecar } from "../../support/sidecar.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const MAIN = fileURLToPath(new URL("../../../control/cli/main.ts", import.meta.url));

type Result = { readonly status: number; readonly out: string; readonly error: string };

/** Runs the program as a process of its own. */
function sluice(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Result> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], { env }, (failure, out, error) => {
      resolve({ status: failure === null ? 0 : Number(failure.code), out, error });
    });
  });
}

test("the program shifts, and its exit status, stdout and stderr are for scripts", async () => {
  await using api = await startApi();
  const env = { SLUICE_API: api.url };
  expect(await sluice(["shift", "web", "v2=0", "--json"], env)).toEqual({
    status: 0,
    out: '{"revision":2,"weights":{"v1":90,"v2":0},"shares":{"v1":1,"v2":0},"warnings":[]}\n',
    error: "",
  });
  const refused = await sluice(["shift", "web", "v9=1"], env);
  expect([refused.status, refused.out]).toEqual([1, ""]);
  expect(refused.error).toMatch(/^sluice: Cannot find version "v9" of web.*\n$/);
  expect((await sluice(["shift"], env)).status).toBe(2);
});

test("the program can be executed and knows its version", async () => {
  expect(await readFile(MAIN, "utf8")).toMatch(/^#!\/usr\/bin\/env node\n/);
  const packageJson = await readFile(new URL("../../../package.json", import.meta.url), "utf8");
  const { version } = JSON.parse(packageJson) as { version: string };
  expect(await sluice(["--version"])).toEqual({ status: 0, out: `${version}\n`, error: "" });
});

test("the program reaches a sidecar whose control API is a Unix socket", async () => {
  const bind = `unix:${join(await temporaryFolder(), "api.sock")}`;
  const sidecar = await startSidecar({ control: { bind }, workers: 1 });
  onTestFinished(sidecar.stop);
  expect(sidecar.api).toBe(bind);
  expect(await sluice(["status", "--check"], { SLUICE_API: bind })).toEqual({
    status: 0,
    out: "ready: yes\n",
    error: "",
  });
});

test.each([
  ["services", ">/dev/full", 1, "sluice: Cannot write the output: ENOSPC"],
  ["--help", ">/dev/full", 1, "sluice: Cannot write the output: ENOSPC"],
  ["services", "| :", 0, ""],
])("sluice %s %s ends with %d and says %j", async (args, where, status, error) => {
  await using api = await startApi();
  const script = `set -o pipefail; "${process.execPath}" "${MAIN}" ${args} ${where}`;
  const ended = await new Promise<Result>((resolve) => {
    const options = { env: { SLUICE_API: api.url, PATH: process.env["PATH"] } };
    execFile("bash", ["--norc", "-c", script], options, (failure, out, told) => {
      resolve({ status: failure === null ? 0 : Number(failure.code), out, error: told });
    });
  });
  expect([ended.status, ended.error.slice(0, error.length || undefined)]).toEqual([status, error]);
});
