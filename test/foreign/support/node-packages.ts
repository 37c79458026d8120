import { copyFile, mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { npm } from "../../support/npm.ts";
import { FOREIGN_FOLDER, NODE_FOLDER } from "./programs.ts";

/** Packages that only these tests need, by a lock file of their own; anew when it has changed. */
export async function installNodePackages(): Promise<void> {
  const wanted = await readFile(join(FOREIGN_FOLDER, "package-lock.json"), "utf8");
  /** Copied last, so it says that the folder is whole. */
  const installed = join(NODE_FOLDER, "installed.json");
  if ((await readFile(installed, "utf8").catch(() => "")) === wanted) return;
  await rm(NODE_FOLDER, { recursive: true, force: true });
  await mkdir(NODE_FOLDER, { recursive: true });
  for (const name of ["package.json", "package-lock.json"]) {
    await copyFile(join(FOREIGN_FOLDER, name), join(NODE_FOLDER, name));
  }
  await npm(NODE_FOLDER, ["ci"]);
  await copyFile(join(FOREIGN_FOLDER, "package-lock.json"), installed);
}
