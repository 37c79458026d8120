import { chmod, mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { assertOwnFolder, openToSome, withNoRights } from "../../../control/workers/socket-file.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const OWN_GROUP = process.getgid?.() ?? 0;

test("withNoRights() takes all rights from files, and gives the umask back, come what may", () => {
  const before = process.umask();
  expect(withNoRights(() => process.umask())).toBe(0o777);
  const fail = (): never => {
    throw new Error("no");
  };
  expect(() => withNoRights(fail)).toThrow("no");
  expect(process.umask()).toBe(before);
});

test.each([
  ["of its owner", 0o700, true],
  ["of a group", 0o770, true],
  ["that all may write, but not remove others' files from", 0o1777, true],
  ["that all may write", 0o777, false],
])("assertOwnFolder() judges a folder %s", async (_name, mode, isSafe) => {
  const folder = join(await temporaryFolder(), "run");
  await mkdir(folder);
  await chmod(folder, mode);
  const judged = assertOwnFolder(join(folder, "api.sock"));
  if (isSafe) await judged;
  else await expect(judged).rejects.toThrow(`everybody may replace files in ${folder}`);
});

test("assertOwnFolder() names a folder that is not there", async () => {
  await expect(assertOwnFolder("/nowhere/api.sock")).rejects.toThrow(
    "Cannot listen on unix:/nowhere/api.sock: ENOENT",
  );
});

test("openToSome() finds a group by its name or number, and sets the mode", async () => {
  const folder = await temporaryFolder();
  const [path, groups] = [join(folder, "file"), join(folder, "group")];
  await writeFile(path, "");
  await writeFile(groups, `root:x:0:\nops:x:${OWN_GROUP}:me\nbroken:x::\n`);
  await openToSome({ path, mode: 0o640, group: "ops" }, groups);
  await openToSome({ path, mode: 0o660, group: OWN_GROUP }, groups);
  const { mode, gid } = await stat(path);
  expect([mode & 0o777, gid]).toEqual([0o660, OWN_GROUP]);
  for (const group of ["op", "broken"]) {
    await expect(openToSome({ path, mode: 0o660, group }, groups)).rejects.toThrow(
      `wanted a group of ${groups}, or a number, found ${group}`,
    );
  }
});
