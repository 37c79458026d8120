import { mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { SwapError } from "../../../control/base/errors.ts";
import {
  ownWorkerFile,
  programFile,
  releaseWorkerFile,
} from "../../../control/base/program-files.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

async function releasesWith(...files: readonly string[]): Promise<string> {
  const releases = await temporaryFolder();
  for (const file of files) {
    await mkdir(dirname(join(releases, file)), { recursive: true });
    await writeFile(join(releases, file), "");
  }
  return releases;
}

describe("releaseWorkerFile()", () => {
  test.each(["dist/proxy/worker.js", "proxy/worker.js", "proxy/worker.ts"])(
    "finds %s",
    async (place) => {
      const releases = await releasesWith(`1.2.0/${place}`);
      expect(await releaseWorkerFile(releases, "1.2.0")).toBe(join(releases, "1.2.0", place));
    },
  );

  test("takes what was built before the sources beside it", async () => {
    const releases = await releasesWith("new/proxy/worker.ts", "new/dist/proxy/worker.js");
    const file = join(releases, "new/dist/proxy/worker.js");
    expect(await releaseWorkerFile(releases, "new")).toBe(file);
  });

  test("follows a release that is a link", async () => {
    const releases = await releasesWith("1.2.0/proxy/worker.ts");
    await symlink("1.2.0", join(releases, "current"));
    const file = join(releases, "current/proxy/worker.ts");
    expect(await releaseWorkerFile(releases, "current")).toBe(file);
  });

  test.each(["..", ".", "", "a/b", "../evil", ".hidden", "-x", "a\0b", "a".repeat(129)])(
    "refuses the name %j: a release is a folder in the folder of releases",
    async (name) => {
      const releases = await releasesWith("evil/proxy/worker.ts", "a/b/proxy/worker.ts");
      const found = releaseWorkerFile(join(releases, "a"), name);
      await expect(found).rejects.toThrow(`found ${JSON.stringify(name)}`);
      await expect(found).rejects.toThrow(SwapError);
    },
  );

  test("names what is missing", async () => {
    const releases = await releasesWith("empty/README.md");
    await expect(releaseWorkerFile(releases, "empty")).rejects.toThrow(
      "wanted proxy/worker.ts or proxy/worker.js in release empty, found neither",
    );
    await expect(releaseWorkerFile(undefined, "empty")).rejects.toThrow(
      "wanted `releases: FOLDER` in the configuration, found none",
    );
  });
});

test("ownWorkerFile() and programFile() are beside what runs", async () => {
  expect(ownWorkerFile()).toMatch(/\/proxy\/worker\.ts$/);
  expect(await programFile(undefined, undefined)).toMatch(/\/control\/cli\/main\.ts$/);
});
