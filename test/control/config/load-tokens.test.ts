import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadTokens } from "../../../control/config/load-tokens.ts";
import { newToken } from "../../support/api-tokens.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const HASH = "9f".repeat(32);

async function fileOf(text: string): Promise<string> {
  const path = join(await temporaryFolder(), "tokens.yaml");
  await writeFile(path, text);
  return path;
}

test("loadTokens() reads names, roles, services and ends", async () => {
  const path = await fileOf(
    `tokens:\n  - { name: ci, role: shift, services: [web], sha256: ${HASH}, expires: 2027-01-01 }`,
  );
  const expiresMs = Date.UTC(2027, 0, 1);
  const wanted = { name: "ci", role: "shift", services: ["web"], sha256: HASH, expiresMs };
  expect(await loadTokens(path)).toEqual([wanted]);
});

test("loadTokens() says what is wrong and where, but never a token", async () => {
  const { secret } = newToken("ci");
  const path = await fileOf(`tokens:\n  - { name: ci, role: owner, sha256: ${secret} }\n`);
  const message = await loadTokens(path).catch((error: Error) => error.message);
  expect(message).toBe(
    `Cannot use ${path}: tokens[0].role: wanted one of read, shift, write, admin, found "owner" ` +
      "(line 2, column 23); tokens[0].sha256: wanted the SHA-256 of a token in 64 hexadecimal " +
      "digits, found a hidden value (line 2, column 38)",
  );
});

test("loadTokens() refuses a file that all may write, and one that is not there", async () => {
  const path = await fileOf("tokens: []");
  await chmod(path, 0o666);
  await expect(loadTokens(path)).rejects.toThrow(`(chmod o-w ${path}), found mode 0666`);
  await expect(loadTokens(`${path}.gone`)).rejects.toThrow("ENOENT");
});

test.each([
  ["name", { name: "ci", sha256: "00".repeat(32) }],
  ["hash", { name: "other", sha256: HASH }],
])("loadTokens() refuses a token whose %s the configuration has already", async (_name, other) => {
  const path = await fileOf(`tokens: [{ name: ci, role: read, sha256: ${HASH} }]`);
  const { entry } = newToken("ci", other);
  await expect(loadTokens(path, [entry])).rejects.toThrow(
    'tokens[0]: wanted each token once, found "ci" of the configuration',
  );
});
