import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { problemText } from "../../../control/base/errors.ts";
import type { ConfigError } from "../../../control/base/errors.ts";
import type { Config } from "../../../control/config/config-schema.ts";
import { readConfig } from "../../../control/config/load.ts";
import { checkFilterFiles } from "../../../control/filters/check-filter-files.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

function configOf(...modules: readonly string[]): Config {
  const filters = modules.map((module, at) => ({ name: `f${at}`, module }));
  const versions = { v1: { endpoints: ["127.0.0.1:1"] } };
  const document = {
    listeners: [{ bind: "127.0.0.1:0" }],
    control: { filterFolders: ["."] },
    services: { web: { versions, filters } },
  };
  return readConfig(JSON.stringify(document), { file: "sluice.yaml", environment: {} });
}

test("takes modules beside the configuration, and runs nothing of them", async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, "f.mjs"), 'throw new Error("It was run");');
  await checkFilterFiles(join(folder, "sluice.yaml"), configOf("./f.mjs"));
});

test("names every module that cannot be read, with its place in the file", async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, "f.mjs"), "");
  const config = configOf("./gone.mjs", "./f.mjs", "./gone-too.mjs");
  const error: unknown = await checkFilterFiles(join(folder, "sluice.yaml"), config).catch(
    (reason: unknown) => reason,
  );
  expect((error as ConfigError).problems.map(problemText)).toEqual([
    expect.stringMatching(/^services\.web\.filters\[0\]\.module: .*gone\.mjs/),
    expect.stringMatching(/^services\.web\.filters\[2\]\.module: .*gone-too\.mjs/),
  ]);
});
