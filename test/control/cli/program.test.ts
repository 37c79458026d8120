import { dirname, join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { runCommand } from "../../support/run-cli.ts";
import { startApi } from "../../support/running-api.ts";
import type { RunningApi } from "../../support/running-api.ts";
import { readSource } from "../../support/source-files.ts";

let api: RunningApi;
let env: NodeJS.ProcessEnv;

beforeEach(async () => {
  api = await startApi();
  env = { SLUICE_API: `${api.url}/` };
  return () => api[Symbol.asyncDispose]();
});

test.each([
  [["shift", "web"]],
  [["shift", "web", "v1"]],
  [["shift", "web", "v1=-1"]],
  [["shift", "web", "v1=1.5"]],
  [["shift", "web", "v1=1", "v1=2"]],
  [["shift", "web", "v1=1", "--if-rev", "x"]],
  [["drain"]],
  [["drain", "web"]],
  [["drain", "web/v1", "--self"]],
  [["run"]],
  [["check"]],
  [["nothing"]],
  [["services", "--nothing"]],
  [["--json"]],
  [["audit", "--limit", "many"]],
  [["swap", "--trial", "soon"]],
  [["completion", "tcsh"]],
])("sluice %j is a usage error: exit status 2, one line, nothing done", async (args) => {
  const { status, out, error } = await runCommand(args, env);
  expect([status, out]).toEqual([2, ""]);
  expect(error).toMatch(/^(sluice: [A-Z`]|\{"error":\{"code":"usage",).*$/);
  expect(api.services.revision).toBe(1);
});

test.each([["--help"], ["help"], ["shift", "--help"], ["--version"]])(
  "sluice %s is no error",
  async (...args) => {
    const { status, out, error } = await runCommand(args, env);
    expect([status, error]).toEqual([0, ""]);
    expect(out).toMatch(/^(Usage: sluice|1\.2\.3)/);
  },
);

test.each([
  [[], "status"],
  [["consul"], "consul import"],
])("sluice %j without more shows the help on stderr, and is no success", async (args, listed) => {
  const { status, out, error } = await runCommand(args, env);
  expect([status, out]).toEqual([2, ""]);
  expect(error).toMatch(new RegExp(`^Usage: sluice[^]*\\n  ${listed} `));
});

/** Everything that is loaded together with a source: its imports of values, and theirs. */
function loadedWith(path: string, found = new Set<string>()): ReadonlySet<string> {
  const imports = readSource(path).matchAll(/^import (?!type )[^;]*?from "([^"]+)"/gm);
  for (const [, name = ""] of imports) {
    const target = name.startsWith(".") ? join(dirname(path), name) : name;
    if (found.has(target)) continue;
    found.add(target);
    if (name.startsWith(".")) loadedWith(target, found);
  }
  return found;
}

test("commands that only ask the API start without what reads configurations", () => {
  const loaded = loadedWith("control/cli/program.ts");
  expect(loaded).toContain("control/cli/shift.ts");
  for (const heavy of ["zod", "yaml", "control/config/load.ts", "control/rollout/replay.ts"]) {
    expect(loaded).not.toContain(heavy);
  }
});
