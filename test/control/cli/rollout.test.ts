import { beforeEach, expect, test } from "vitest";
import { runCli } from "../../../control/cli/program.ts";
import { plain } from "../../../control/cli/terminal.ts";
import { cellsOf, runCommand } from "../../support/run-cli.ts";
import { startApi, WEB } from "../../support/running-api.ts";
import type { RunningApi } from "../../support/running-api.ts";

const { v1, v2 } = WEB.versions;
const READY = { ...WEB, versions: { v1: { ...v1, weight: 100 }, v2: { ...v2, weight: 0 } } };

let api: RunningApi;

beforeEach(async () => {
  api = await startApi({ initial: { web: READY } });
  return () => api[Symbol.asyncDispose]();
});

async function rollout(...args: readonly string[]): Promise<string> {
  const { status, out, error } = await runCommand(["rollout", ...args], { SLUICE_API: api.url });
  return `${status} ${out}${error}`;
}

test("sluice rollout leads one from its start to its end", async () => {
  const start = ["start", "web", "--to", "v2", "--steps", "1,10", "--reason", "release 7"];
  expect(await rollout(...start)).toMatch(/^0 Rollout web-\w+ of web from v1 to v2 has begun$/);
  expect(cellsOf(await rollout("list"))[1]).toEqual([
    expect.stringMatching(/^web-/),
    "web",
    "v1",
    "v2",
    "0 %",
    "progressing",
    "started: from v1 to v2",
  ]);
  expect(await rollout("pause", "web")).toMatch(/^0 Rollout web-\w+ is paused at 0 %/);
  expect(await rollout("resume", "web")).toMatch(/is progressing at 0 %/);
  expect(await rollout("promote", "web", "--full")).toMatch(/is successful at 100 %/);
  expect(await rollout("watch", "web")).toMatch(/^0 successful at 100 % · promote-asked: by local/);
  expect(await rollout("undo", "web", "--reason", "late")).toMatch(/undo-asked: by local: late$/);
  expect(await rollout("watch", "web")).toMatch(/^1 aborted at 0 % · undo-asked: by local: late/);
  expect(await rollout("retry", "web")).toMatch(/is progressing at 0 %/);
  const shown = await rollout("get", "web");
  expect(shown).toMatch(/^0 web-\w+: web from v1 to v2, canary, begun \S+ by local\n/);
  expect(shown).toContain("progressing at 0 %, in weight 1 % (1 of 4): started: from v1 to v2");
});

test("sluice rollout watch draws both versions on a terminal", async () => {
  await rollout("start", "web", "--to", "v2");
  await rollout("promote", "web", "--full");
  const drawn: string[] = [];
  const terminal = {
    write: (text: string): void => void drawn.push(text),
    size: { columns: 100, rows: 24 },
    style: plain,
    onResize: () => () => undefined,
    onKeys: undefined,
  };
  const output = { out: () => undefined, error: () => undefined, terminal };
  const env = { SLUICE_API: api.url };
  await runCli(["rollout", "watch", "web"], { output, env, version: "" });
  const lines = drawn.join("").split("\n");
  expect(lines[0]).toMatch(/^web-\w+: web from v1 to v2, canary$/);
  expect(lines.filter((line) => /^v[12] .* of \d/.test(line))).toHaveLength(2);
});

test("sluice rollout undo --ramp gives back bit by bit", async () => {
  await rollout("start", "web", "--to", "v2");
  await rollout("promote", "web", "--full");
  expect(await rollout("undo", "web", "--ramp", "30s")).toMatch(/is retreating at 90\.9\d* %/);
});

test("sluice rollout says what the API refuses", async () => {
  expect(await rollout("abort", "web")).toMatch(/^1 sluice: Cannot find rollout "web"/);
});

test("sluice shift takes over what a rollout looks after only if it is told to", async () => {
  await rollout("start", "web", "--to", "v2");
  const env = { SLUICE_API: api.url };
  const refused = await runCommand(["shift", "web", "v2=20%"], env);
  expect([refused.status, refused.error]).toEqual([1, expect.stringContaining("looks after")]);
  expect((await runCommand(["shift", "web", "v2=20%", "--take-over"], env)).status).toBe(0);
});
