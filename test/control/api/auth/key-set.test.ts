import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadKeySet, readKeySet } from "../../../../control/api/auth/key-set.ts";
import { FileFlaw } from "../../../../control/base/file-flaw.ts";
import { temporaryFolder } from "../../../support/temporary-folder.ts";

const key = { kty: "OKP", crv: "Ed25519", x: "hush", kid: "1" };
const setOf = (...keys: readonly unknown[]): string => JSON.stringify({ keys });

test("readKeySet() takes public keys, those of unknown kinds and with unknown members too", () => {
  const keys = [key, { kty: "new", "x-a": 1 }];
  expect(readKeySet(setOf(...keys))).toEqual({ keys });
  expect(readKeySet(setOf())).toEqual({ keys: [] });
});

test.each([
  ["no JSON", "hush"],
  ["no keys", '{"hush":[]}'],
  ["a key without a kind", setOf({ kid: "hush" })],
  ["more keys than any issuer has", setOf(...Array.from({ length: 65 }, () => key))],
])("readKeySet() refuses %s, and does not quote it", (_, text) => {
  expect(() => readKeySet(text)).toThrow(
    new FileFlaw("a JSON Web Key Set of at most 64 keys", "something else"),
  );
});

test.each(["d", "p", "q", "dp", "dq", "qi", "oth", "k"])(
  "readKeySet() refuses a key with the secret parameter %s",
  (name) => {
    expect(() => readKeySet(setOf(key, { ...key, [name]: "hush" }))).toThrow(
      new FileFlaw("public keys only", "a private or secret one"),
    );
  },
);

test("loadKeySet() reads a file, and names it in what is wrong with it", async () => {
  const path = join(await temporaryFolder(), "keys.json");
  await expect(loadKeySet(path)).rejects.toThrow(
    `Cannot use ${path}: wanted a readable file ${path}, found none (ENOENT)`,
  );
  await writeFile(path, setOf(key));
  expect(await loadKeySet(path)).toEqual({ keys: [key] });
  await writeFile(path, setOf({ ...key, d: "hush" }));
  await expect(loadKeySet(path)).rejects.toThrow(`Cannot use ${path}: wanted public keys only`);
  await writeFile(path, " ".repeat(256 * 1024 + 1));
  await expect(loadKeySet(path)).rejects.toThrow("wanted at most 262144 bytes");
});
