import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runCommand } from "../../support/run-cli.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

test("sluice key new writes a key for its owner, and prints its public key", async () => {
  const path = join(await temporaryFolder(), "table.key");
  const made = await runCommand(["key", "new", "--out", path]);
  expect(made).toMatchObject({ status: 0, error: "" });
  expect(made.out).toMatch(/^ed25519:[A-Za-z0-9+/]{43}=$/);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readFile(path, "utf8")).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
  expect(await runCommand(["key", "show", path])).toMatchObject({ status: 0, out: made.out });
  const json = await runCommand(["key", "show", path, "--json"]);
  expect(JSON.parse(json.out)).toEqual({ publicKey: made.out });
});

test("sluice key new writes over nothing, and wants to be told where", async () => {
  const path = join(await temporaryFolder(), "table.key");
  await writeFile(path, "mine");
  const { status, out, error } = await runCommand(["key", "new", "--out", path]);
  expect([status, out]).toEqual([1, ""]);
  expect(error).toContain(`Cannot write the key: wanted a new file, found ${path}`);
  expect(await readFile(path, "utf8")).toBe("mine");
  expect((await runCommand(["key", "new"])).status).toBe(2);
});

test("sluice key show says what is wrong with a file", async () => {
  const path = join(await temporaryFolder(), "table.key");
  await writeFile(path, "hush", { mode: 0o600 });
  const { status, error } = await runCommand(["key", "show", path]);
  expect(status).toBe(2);
  expect(error).toContain("wanted a private key of Ed25519 in PEM");
  expect(error).not.toContain("hush");
});
