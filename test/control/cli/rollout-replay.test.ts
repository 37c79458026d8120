import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ChainedLog } from "../../../control/rollout/decision-log.ts";
import { runCommand } from "../../support/run-cli.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { armOf } from "../analysis/arms.ts";
import { RolloutBed } from "../rollout/rollout-bed.ts";

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** The log of a rollout that was aborted. */
async function logFile(): Promise<string> {
  const bed = await RolloutBed.start();
  bed.counts = { stable: armOf(190), canary: armOf(10, 10) };
  await bed.rollouts.begin({ service: "web", to: "v2" }, { actor: "ann", reason: undefined });
  await bed.pass(15);
  const path = join(await temporaryFolder(), "rollouts.jsonl");
  const log = new ChainedLog(path, quiet);
  for (const entry of bed.noted) {
    log.note(entry);
    await log.idle();
  }
  return path;
}

async function replay(...args: readonly string[]): Promise<string> {
  const { status, out, error } = await runCommand(["rollout", "replay", ...args]);
  return `${status} ${out}${error}`;
}

test("sluice rollout replay decides the same again", async () => {
  expect(await replay(await logFile())).toMatch(/^0 web-\w+: \d+ looks, all decided the same$/);
});

test("sluice rollout replay --policy says what another policy would have decided", async () => {
  const file = await logFile();
  const policy = join(await temporaryFolder(), "policy.yaml");
  await writeFile(policy, "preset: fast\nbudget: 1\n");
  expect(await replay(file, "--policy", policy)).toMatch(
    /^0 web-\w+: \d+ looks, \d+ decided otherwise\n +\S+ weight \(first: .+\), and not weight \(/,
  );
  await writeFile(policy, "budgets: 1\n");
  expect(await replay(file, "--policy", policy)).toMatch(/^2 sluice: Cannot use .+budgets/);
});

test("sluice rollout replay fails of a log that somebody has changed", async () => {
  const file = await logFile();
  const text = await readFile(file, "utf8");
  await writeFile(file, text.replace('"failures":10', '"failures":0'));
  expect(await replay(file)).toMatch(/^1 Line \d+ of \S+ does not follow from the one before it/);
  expect(await replay(`${file}.none`)).toMatch(/^1 sluice: Cannot read .+ENOENT/);
});

test("sluice rollout replay takes a log of several files, of which one is torn", async () => {
  const file = await logFile();
  const lines = (await readFile(file, "utf8")).trimEnd().split("\n");
  const [next, whole] = [`${file}.1`, await replay(file)];
  await writeFile(file, `${lines.slice(0, 5).join("\n")}\n${lines[5]?.slice(0, 40)}`);
  await writeFile(next, `${lines.slice(5).join("\n")}\n`);
  expect(await replay(file, next)).toBe(whole);
  expect(await replay(next)).toMatch(/^0 \d+ looks are of rollouts that begin in an earlier file/);
  expect(await replay(next, file)).toMatch(/^1 Line 1 of \S+ does not follow/);
  await writeFile(next, "");
  expect(await replay(next)).toBe("0 There is no rollout in it");
});
