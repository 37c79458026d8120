import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { removeDrafts, replaceFile } from "../../../control/base/replace-file.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

test("replaceFile() leaves the new text, readable by its owner, and nothing else", async () => {
  const folder = await temporaryFolder();
  const path = join(folder, "table");
  await replaceFile(path, "one");
  await replaceFile(path, "two");
  expect([await readFile(path, "utf8"), await readdir(folder)]).toEqual(["two", ["table"]]);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test("replaceFile() leaves no draft when it fails", async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, "table", "full"), { recursive: true });
  await expect(replaceFile(join(folder, "table"), "one")).rejects.toThrow(/EISDIR|ENOTEMPTY/);
  expect(await readdir(folder)).toEqual(["table"]);
});

test("removeDrafts() removes drafts of this file and of no other", async () => {
  const folder = await temporaryFolder();
  const others = ["other.new", `other.${randomUUID()}.new`, "table", "table.new"];
  for (const name of [...others, `table.${randomUUID()}.new`]) {
    await writeFile(join(folder, name), "");
  }
  await removeDrafts(join(folder, "table"));
  expect((await readdir(folder)).toSorted()).toEqual(others.toSorted());
});
