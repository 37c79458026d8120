import { spawn } from "node:child_process";
import { hash } from "node:crypto";
import { once } from "node:events";
import { access, mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import rolldownConfig from "../../rolldown.config.ts";
import { readSource, sourceFiles } from "./source-files.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const BUILDS = join(ROOT, "node_modules/.cache/sluice");
/** Older builds go: no run of tests that still uses one lasts as long. */
const KEPT_MS = 24 * 60 * 60 * 1_000;
/** A build that has taken so long has been killed. */
const LOCK_MS = 120_000;
/** How often whoever waits for another's build looks. */
const LOOK_MS = 100;
/** How long a process that only fills the cache may run. */
const WARM_MS = 60_000;

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
  if (!(await exists(entry))) await buildOnce(place, entry);
  return entry;
}

/** Several processes want it at the same time: one builds, and the others wait. */
async function buildOnce(place: string, entry: string): Promise<void> {
  await mkdir(BUILDS, { recursive: true });
  const lock = `${place}.lock`;
  while (!(await isDone(mkdir(lock)))) {
    const { mtimeMs } = await stat(lock).catch(() => ({ mtimeMs: Infinity }));
    if (Date.now() - mtimeMs > LOCK_MS) await rm(lock, { recursive: true, force: true });
    await sleep(LOOK_MS);
  }
  try {
    if (await exists(entry)) return;
    await removeOld();
    await buildInto(place);
    await warm(entry);
  } finally {
    await rm(lock, { recursive: true, force: true });
  }
}

/** Builds beside the place and renames at the end: what is there is whole. */
async function buildInto(place: string): Promise<void> {
  const dir = await mkdtemp(join(BUILDS, "build-"));
  for (const { output = [], ...input } of [rolldownConfig].flat()) {
    const bundle = await rolldown({ ...input, cwd: ROOT });
    for (const each of [output].flat()) await bundle.write({ ...each, dir });
    await bundle.close();
  }
  await writeFile(join(dir, "package.json"), readSource("package.json"));
  await rename(dir, place);
}

/**
 * Fills Node's compile cache, if there is one: a sidecar then starts with a seventh less of
 * processor time. Only a process that ends by itself leaves anything there, and those of tests are
 * mostly killed.
 */
async function warm(entry: string): Promise<void> {
  if (process.env["NODE_COMPILE_CACHE"] === undefined) return;
  const folder = await mkdtemp(join(BUILDS, "warm-"));
  const config = join(folder, "sluice.json");
  const binds = { listeners: [{ bind: "127.0.0.1:0" }], control: { bind: "127.0.0.1:0" } };
  await writeFile(config, JSON.stringify({ ...binds, drain: { acceptFor: "0" } }));
  const primary = spawn(process.execPath, [entry, "run", "-c", config], {
    timeout: WARM_MS,
    stdio: ["ignore", "pipe", "ignore"],
  });
  primary.stdout.on("data", (lines: Buffer) => {
    if (lines.includes("sidecar.ready")) primary.kill("SIGTERM");
  });
  // Without a primary it ends at once, and has loaded all of it.
  const worker = spawn(process.execPath, [workerOf(entry)], { timeout: WARM_MS, stdio: "ignore" });
  await Promise.all([once(primary, "exit"), once(worker, "exit")]);
  await rm(folder, { recursive: true, force: true });
}

/** The entry file of the workers of a program. */
export function workerOf(entry: string): string {
  return join(dirname(entry), "../../proxy/worker.js");
}

async function removeOld(): Promise<void> {
  for (const name of await readdir(BUILDS).catch(() => [])) {
    const path = join(BUILDS, name);
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > KEPT_MS) await rm(path, { recursive: true, force: true });
  }
}

function exists(file: string): Promise<boolean> {
  return isDone(access(file));
}

function isDone(work: Promise<unknown>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  );
}
