import { hash } from "node:crypto";
import { access, mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import rolldownConfig from "../../rolldown.config.ts";
import { readSource, sourceFiles } from "./source-files.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const BUILDS = join(ROOT, "node_modules/.cache/sluice");
/** Older builds go: no run of tests that still uses one lasts as long. */
const KEPT_MS = 24 * 60 * 60 * 1_000;

/** Everything that a build depends on. */
const INPUTS = ["proxy", "control", "rolldown.config.ts", "package.json", "package-lock.json"];

/**
 * The entry file of the program as it is shipped. It starts in half the time that the sources take,
 * and tests start it hundreds of times. Built when the sources have changed since the last time.
 */
export async function builtProgram(): Promise<string> {
  const texts = sourceFiles(INPUTS, [".ts", ".tsx", ".css", ".html", ".json", ".sh"]).map(
    ({ path, text }) => [path, text],
  );
  const place = join(BUILDS, hash("sha256", JSON.stringify(texts)).slice(0, 16));
  const entry = join(place, "control/cli/main.js");
  if (!(await exists(entry))) {
    await removeOld();
    await buildInto(place);
  }
  return entry;
}

/** Builds beside the place and renames at the end, as another process may do the same. */
async function buildInto(place: string): Promise<void> {
  await mkdir(BUILDS, { recursive: true });
  const dir = await mkdtemp(join(BUILDS, "build-"));
  for (const { output = [], ...input } of [rolldownConfig].flat()) {
    const bundle = await rolldown({ ...input, cwd: ROOT });
    for (const each of [output].flat()) await bundle.write({ ...each, dir });
    await bundle.close();
  }
  await writeFile(join(dir, "package.json"), readSource("package.json"));
  await rename(dir, place).catch(() => rm(dir, { recursive: true }));
}

async function removeOld(): Promise<void> {
  for (const name of await readdir(BUILDS).catch(() => [])) {
    const path = join(BUILDS, name);
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > KEPT_MS) await rm(path, { recursive: true, force: true });
  }
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
