import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { FollowedFile } from "../../../../control/api/auth/followed-file.ts";
import { temporaryFolder } from "../../../support/temporary-folder.ts";

/** A file of one number. */
async function readNumber(path: string): Promise<number> {
  const number = Number(await readFile(path, "utf8"));
  if (Number.isNaN(number)) throw new Error("wanted a number");
  return number;
}

async function fileOf(text: string): Promise<string> {
  const path = join(await temporaryFolder(), "number");
  await writeFile(path, text);
  return path;
}

test("FollowedFile reads a file again only when it looks different", async () => {
  const path = await fileOf("1");
  let reads = 0;
  const file = await FollowedFile.open(path, (from) => {
    reads += 1;
    return readNumber(from);
  });
  expect([file.path, file.value, await file.refresh(), reads]).toEqual([path, 1, false, 1]);
  await writeFile(path, "22");
  expect([await file.refresh(), file.value, reads]).toEqual([true, 22, 2]);
  expect([await file.refresh(), reads]).toEqual([false, 2]);
});

test("FollowedFile keeps the last good value, and says why there is no other", async () => {
  const path = await fileOf("1");
  const file = await FollowedFile.open(path, readNumber);
  await writeFile(path, "none");
  expect([await file.refresh(), file.value, file.problem]).toEqual([true, 1, "wanted a number"]);
  expect([await file.refresh(), file.problem]).toEqual([false, "wanted a number"]);
  await rm(path);
  expect([await file.refresh(), file.value]).toEqual([true, 1]);
  expect(file.problem).toContain("ENOENT");
  await writeFile(path, "333");
  expect([await file.refresh(), file.value, file.problem]).toEqual([true, 333, undefined]);
});

test("FollowedFile does not miss what is written while it is read", async () => {
  const path = await fileOf("1");
  const file = await FollowedFile.open(path, async (from) => {
    const number = await readNumber(from);
    if (number === 1) await writeFile(path, "22");
    return number;
  });
  expect(file.value).toBe(1);
  expect([await file.refresh(), file.value]).toEqual([true, 22]);
});

test("FollowedFile.open() fails with the reader's own error", async () => {
  await expect(FollowedFile.open(await fileOf("none"), readNumber)).rejects.toThrow(
    "wanted a number",
  );
});
