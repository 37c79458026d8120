import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { buildVersion } from "../../../control/base/build-version.ts";

test("buildVersion() is that of the package", async () => {
  const text = await readFile(new URL("../../../package.json", import.meta.url), "utf8");
  expect(buildVersion()).toBe((JSON.parse(text) as { readonly version: string }).version);
});
