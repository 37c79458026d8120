import { execFile } from "node:child_process";
import { chmod, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { readSmallFile } from "../../../control/base/read-small-file.ts";
import type { FileRule } from "../../../control/base/read-small-file.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const SECRET: FileRule = { bytesMax: 4, others: "nothing" };
const LIST: FileRule = { bytesMax: 4, others: "read" };
const ANY: FileRule = { bytesMax: 4, others: "anything" };

async function fileOf(text: string, mode = 0o600): Promise<string> {
  const path = join(await temporaryFolder(), "file");
  await writeFile(path, text);
  await chmod(path, mode);
  return path;
}

test.each([
  ["a secret", SECRET, 0o600],
  ["a list that others read", LIST, 0o644],
  ["anything that all may write", ANY, 0o666],
])("readSmallFile() reads %s, links followed", async (_, rule, mode) => {
  const path = await fileOf("abcd", mode);
  await symlink(path, `${path}.link`);
  expect(String(await readSmallFile(`${path}.link`, rule))).toBe("abcd");
});

test.each([
  ["a secret of mode 0640", SECRET, "abcd", 0o640, /nobody else .*chmod 600 .*found mode 0640$/],
  ["a list of mode 0646", LIST, "abcd", 0o646, /not everybody .*chmod o-w .*found mode 0646$/],
  ["a byte too many", ANY, "abcde", 0o600, /wanted at most 4 bytes in .*file, found 5$/],
])("readSmallFile() refuses %s, and says what helps", async (_, rule, text, mode, message) => {
  const error = await readSmallFile(await fileOf(text, mode), rule).catch(String);
  expect(error).toMatch(message);
  expect(error).not.toContain("abcd");
});

test("readSmallFile() refuses no file, a folder, and a pipe that nobody writes", async () => {
  const folder = await temporaryFolder();
  const pipe = join(folder, "pipe");
  await promisify(execFile)("mkfifo", [pipe]);
  const gone = join(folder, "gone");
  await expect(readSmallFile(gone, ANY)).rejects.toThrow(
    `wanted a readable file ${gone}, found none (ENOENT)`,
  );
  await expect(readSmallFile(folder, ANY)).rejects.toThrow(
    `wanted a regular file ${folder}, found a folder`,
  );
  await expect(readSmallFile(pipe, ANY)).rejects.toThrow(
    `wanted a regular file ${pipe}, found something else`,
  );
});
