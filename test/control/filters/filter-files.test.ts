import { createHash } from "node:crypto";
import { chmod, chown, mkdir, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeEach, describe, expect, test } from "vitest";
import { FilterFiles } from "../../../control/filters/filter-files.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const TEXT = "export const version = 'ü';";

/** Holds `config/` with `rules/a.ts` and `main.ts`, and beside it `other/b.ts`. */
let folder: string;

beforeEach(async () => {
  folder = await temporaryFolder();
  await mkdir(join(folder, "config/rules"), { recursive: true });
  await mkdir(join(folder, "other"));
  for (const file of ["config/rules/a.ts", "config/main.ts", "other/b.ts"]) {
    await writeFile(join(folder, file), TEXT);
  }
});

const filesIn = (...folders: readonly string[]): FilterFiles =>
  new FilterFiles(join(folder, "config"), folders);

describe("FilterFiles.read()", () => {
  test("gives a module of an allowed folder with its hash", async () => {
    const code = {
      kind: "code",
      url: pathToFileURL(join(folder, "config/rules/a.ts")).href,
      hash: createHash("sha256").update(TEXT).digest("hex"),
      text: TEXT,
    };
    expect(await filesIn(".").read("./rules/a.ts")).toEqual(code);
    expect(await filesIn("./rules").read("rules/a.ts")).toEqual(code);
    expect(await filesIn("none", "../config").read(join(folder, "config/rules/a.ts"))).toEqual(
      code,
    );
  });

  test.each(["../other/b.ts", "rules/../../other/b.ts", "main.ts"])(
    "refuses %s, which is in no allowed folder",
    async (module) => {
      const { kind, reason } = (await filesIn("rules").read(module)) as {
        kind: string;
        reason: string;
      };
      expect(kind).toBe("missing");
      expect(reason).toBe(
        `cannot read ${module}: wanted a file in ${join(folder, "config/rules")}, ` +
          "found one elsewhere",
      );
    },
  );

  test("refuses what a symbolic link leads out to, and takes one that stays inside", async () => {
    await symlink(join(folder, "other/b.ts"), join(folder, "config/rules/out.ts"));
    await symlink(join(folder, "config/rules/a.ts"), join(folder, "config/rules/in.ts"));
    expect(await filesIn(".").read("rules/out.ts")).toMatchObject({ kind: "missing" });
    expect(await filesIn(".").read("rules/in.ts")).toMatchObject({
      url: pathToFileURL(join(folder, "config/rules/a.ts")).href,
    });
  });

  test("follows a folder that is a symbolic link, such as a current release's", async () => {
    await symlink(join(folder, "other"), join(folder, "config/current"));
    expect(await filesIn("current").read("current/b.ts")).toMatchObject({ kind: "code" });
    expect(await filesIn("rules").read("current/b.ts")).toMatchObject({ kind: "missing" });
  });

  test("takes nothing as long as the configuration names no folder", async () => {
    expect(await filesIn().read("rules/a.ts")).toEqual({
      kind: "missing",
      reason:
        "cannot read rules/a.ts: wanted control.filterFolders to name its folder, " +
        "found no folder there",
    });
  });

  test.each(["config/rules/a.ts", "config/rules", "config"])(
    "refuses code that anybody can change, as %s is",
    async (place) => {
      await chmod(join(folder, place), 0o777);
      const code = await filesIn(".").read("rules/a.ts");
      expect(code.kind === "missing" && code.reason).toContain(
        `found that anybody can write ${join(folder, place)}`,
      );
    },
  );

  test("refuses code of another user, who could change it", async (context) => {
    context.skip(process.getuid?.() !== 0, "only root can give a file to somebody else");
    await chown(join(folder, "config/rules/a.ts"), 65_534, 0);
    const code = await filesIn(".").read("rules/a.ts");
    expect(code.kind === "missing" && code.reason).toContain("found that user 65534 owns");
  });

  test("refuses a folder, a file that is not there, and one that is too large", async () => {
    await truncate(join(folder, "config/main.ts"), 1024 * 1024 + 1);
    for (const [module, why] of [
      ["rules", "wanted a file, found something else"],
      ["rules/none.ts", "ENOENT"],
      ["main.ts", "wanted at most 1048576 bytes, found 1048577"],
    ] as const) {
      const code = await filesIn(".").read(module);
      expect(code.kind === "missing" && code.reason).toContain(why);
    }
  });
});
