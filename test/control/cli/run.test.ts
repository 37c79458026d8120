import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runCommand } from "../../support/run-cli.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

test("sluice run with a bad file is a usage error that names every problem", async () => {
  const file = join(await temporaryFolder(), "sluice.json");
  await writeFile(file, JSON.stringify({ listeners: [], workers: 0 }));
  const { status, out, error } = await runCommand(["run", "-c", file, "--json"]);
  expect([status, out]).toEqual([2, ""]);
  const { error: told } = JSON.parse(error) as {
    readonly error: { readonly code: string; readonly problems: readonly { path: string }[] };
  };
  expect(told.code).toBe("config_invalid");
  expect(told.problems.map(({ path }) => path).toSorted()).toEqual(["listeners", "workers"]);
});

test("sluice run reads the environment that it was given", async () => {
  const file = join(await temporaryFolder(), "sluice.json");
  const listeners = [{ bind: "${SLUICE_TEST_BIND}" }];
  await writeFile(file, JSON.stringify({ listeners }));
  const unset = await runCommand(["run", "-c", file]);
  expect([unset.status, unset.error]).toEqual([
    2,
    expect.stringContaining("the environment variable SLUICE_TEST_BIND"),
  ]);
  const set = await runCommand(["run", "-c", file], { SLUICE_TEST_BIND: "nowhere" });
  expect([set.status, set.error]).toEqual([
    2,
    expect.stringContaining('found "${SLUICE_TEST_BIND}"'),
  ]);
});
