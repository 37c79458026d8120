import { generateKeyPairSync } from "node:crypto";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { newSigningKey, readSigningKey } from "../../../control/registry/signing-key.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

async function fileOf(text: string, mode = 0o600): Promise<string> {
  const path = join(await temporaryFolder(), "table.key");
  await writeFile(path, text, { mode });
  await chmod(path, mode);
  return path;
}

const pemOf = (type: "x25519" | "ed448"): string =>
  generateKeyPairSync(type as "ed448").privateKey.export({ type: "pkcs8", format: "pem" });

test("readSigningKey() reads what newSigningKey() made, with the same public key", async () => {
  const made = newSigningKey();
  expect(made.publicKey).toMatch(/^ed25519:[A-Za-z0-9+/]{43}=$/);
  expect(newSigningKey().publicKey).not.toBe(made.publicKey);
  const read = await readSigningKey(await fileOf(made.pem), "store.signingKey");
  expect(read.publicKey).toBe(made.publicKey);
});

test.each([
  ["of another kind", pemOf("ed448"), "found ed448"],
  ["for key agreement", pemOf("x25519"), "found x25519"],
  ["that is none", "hush-hush", "found something else"],
  ["that is empty", "", "found something else"],
])("readSigningKey() refuses a key %s, and never quotes it", async (_, text, found) => {
  const refused = readSigningKey(await fileOf(text), "store.signingKey");
  const error = await refused.catch((reason: unknown) => String(reason));
  expect(error).toContain("store.signingKey: wanted a private key of Ed25519 in PEM");
  expect(error).toContain(found);
  expect(error).not.toContain("hush");
});

test("readSigningKey() refuses a key that others can read, a huge one, and none", async () => {
  const huge = await fileOf("x".repeat(10_000));
  await expect(readSigningKey(huge, "store.signingKey")).rejects.toMatchObject({
    problems: [{ wanted: `at most 4096 bytes in ${huge}`, found: "10000" }],
  });
  const path = await fileOf(newSigningKey().pem, 0o644);
  await expect(readSigningKey(path, "store.signingKey")).rejects.toMatchObject({
    problems: [{ path: "store.signingKey", found: "mode 0644" }],
  });
  await expect(readSigningKey("/nowhere/table.key", "store.signingKey")).rejects.toMatchObject({
    problems: [{ found: expect.stringContaining("ENOENT") }],
  });
});
