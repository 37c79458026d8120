import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { followTokenFile, readTokenFile } from "../../../control/registry/token-file.ts";
import { eventually } from "../../support/eventually.ts";
import { openConsulBed } from "../../support/fake-consul-bed.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

async function fileOf(text: string): Promise<string> {
  const path = join(await temporaryFolder(), "token");
  await writeFile(path, text);
  return path;
}

test("readTokenFile() takes a token without the white space around it", async () => {
  expect(await readTokenFile(await fileOf(" 8f0e3a52-5a5f\n"))).toBe("8f0e3a52-5a5f");
});

test.each([
  ["one token", "an empty file", " \n"],
  ["one token", "something else", "two secrets"],
  ["at most 16384 bytes", "16385", "x".repeat(16_385)],
])("readTokenFile() says that it wanted %s and found %s", async (wanted, found, text) => {
  const path = await fileOf(text);
  await expect(readTokenFile(path)).rejects.toThrow(
    `Cannot use consul: consul.tokenFile: wanted ${wanted} in ${path}, found ${found}`,
  );
});

test("followTokenFile() gives the client each new token, and keeps the last good one", async () => {
  const { consul, deps, run } = await openConsulBed();
  const path = await fileOf("one");
  const ask = async (): Promise<unknown> => {
    await deps.client.request({ action: "read a", path: "kv/a" });
    return consul.last?.headers["x-consul-token"];
  };
  run(async (signal) => followTokenFile(deps, path, signal));
  await eventually(async () => expect(await ask()).toBe("one"));
  await writeFile(path, "");
  await eventually(() => expect(deps.lines.join()).toContain("consul.token_unreadable"));
  expect(await ask()).toBe("one");
  await writeFile(path, "two\n");
  await eventually(async () => expect(await ask()).toBe("two"));
  expect(deps.lines.join()).not.toMatch(/"(one|two)/);
});
