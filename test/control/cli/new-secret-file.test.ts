import { chmod, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeNewSecret } from "../../../control/cli/new-secret-file.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

test("writeNewSecret() writes a file that only its owner can read", async () => {
  const path = join(await temporaryFolder(), "token");
  await writeNewSecret("the token", path, "hush");
  expect(await readFile(path, "utf8")).toBe("hush");
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test("writeNewSecret() leaves what is there, be it a link to nothing", async () => {
  const folder = await temporaryFolder();
  const [there, link] = [join(folder, "there"), join(folder, "link")];
  await writeFile(there, "mine");
  await symlink(join(folder, "elsewhere"), link);
  for (const path of [there, link]) {
    await expect(writeNewSecret("the token", path, "hush")).rejects.toMatchObject({
      code: "output_failed",
      message: `Cannot write the token: wanted a new file, found ${path}`,
    });
  }
  expect(await readFile(there, "utf8")).toBe("mine");
  await expect(stat(join(folder, "elsewhere"))).rejects.toThrow("ENOENT");
});

test("writeNewSecret() says why it cannot", async () => {
  const folder = await temporaryFolder();
  await chmod(folder, 0o500);
  const path = join(folder, "no", "such", "folder");
  await expect(writeNewSecret("the key", path, "hush")).rejects.toThrow(
    /^Cannot write the key: ENOENT/,
  );
});
