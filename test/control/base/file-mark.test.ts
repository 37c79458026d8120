import { rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fileMark } from "../../../control/base/file-mark.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

test("fileMark() is another after a replacement, and the same while nothing happens", async () => {
  const folder = await temporaryFolder();
  const [path, next, link] = ["a", "b", "link"].map((name) => join(folder, name)) as Paths;
  await writeFile(path, "one");
  await symlink(path, link);
  const mark = await fileMark(link);
  expect(await fileMark(link)).toBe(mark);
  await writeFile(next, "two");
  await rename(next, path);
  expect(await fileMark(link)).not.toBe(mark);
  await rm(path);
  expect(await fileMark(link)).toContain("ENOENT");
});

type Paths = [string, string, string];
