import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runCommand } from "../../support/run-cli.ts";
import type { CliResult } from "../../support/run-cli.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

describe("sluice check", () => {
  async function check(text: string, ...options: readonly string[]): Promise<CliResult> {
    const file = join(await temporaryFolder(), "sluice.yaml");
    await writeFile(file, text);
    return runCommand(["check", file, ...options]);
  }

  const GOOD = `
listeners: [{ bind: "127.0.0.1:8080" }]
services:
  web: { versions: { v1: { endpoints: ["10.0.0.5:3000"] } } }
`;

  test("takes a good file", async () => {
    const { status, out } = await check(GOOD);
    expect(status).toBe(0);
    expect(out).toMatch(/sluice\.yaml is good: web$/);
  });

  test("tells every problem with its path, and exits with 2", async () => {
    const { status, error } = await check(
      GOOD.replace("bind", "bnid").replace("endpoints", "ends"),
      "--json",
    );
    expect(status).toBe(2);
    const { error: told } = JSON.parse(error) as { error: { problems: { path: string }[] } };
    expect(told.problems.map(({ path }) => path)).toEqual(
      expect.arrayContaining(["listeners[0].bnid", "services.web.versions.v1.ends"]),
    );
  });

  test("exits with 2 for a file that is not there", async () => {
    const { status, error } = await runCommand([
      "check",
      join(await temporaryFolder(), "none.yaml"),
    ]);
    expect(status).toBe(2);
    expect(error).toContain("none.yaml");
  });
});

test("sluice check finds modules that cannot be read, and runs none", async () => {
  const folder = await temporaryFolder();
  const file = join(folder, "sluice.json");
  const versions = { v1: { endpoints: ["a:1"] } };
  const check = async (...modules: readonly string[]): Promise<CliResult> => {
    const filters = modules.map((module) => ({ module }));
    const listeners = [{ bind: "127.0.0.1:0" }];
    const control = { filterFolders: ["."] };
    const services = { web: { versions, filters } };
    await writeFile(file, JSON.stringify({ listeners, control, services }));
    return runCommand(["check", file]);
  };
  await writeFile(join(folder, "a.ts"), "throw new Error('not run');");
  expect(await check("./a.ts")).toMatchObject({ status: 0, out: `${file} is good: web` });
  const { status, error } = await check("./a.ts", "./none.ts");
  expect(status).toBe(2);
  expect(error).toContain(
    "services.web.filters[1].module: wanted a module that can be read, found cannot read ./none.ts",
  );
});
