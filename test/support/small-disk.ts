import { execFile } from "node:child_process";
import { mkdtemp, open, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { onTestFinished } from "vitest";

const run = promisify(execFile);

/** Room for a table and some entries of an audit log. */
const DISK_BYTES = 256 * 1024;

/** A disk of its own that a test can fill, and make read-only. */
export type SmallDisk = {
  /** Its folder. */
  readonly path: string;
  /** Takes all the free space. */
  readonly fill: () => Promise<void>;
  /** Gives back what fill() took. */
  readonly free: () => Promise<void>;
  readonly remount: (mode: "ro" | "rw") => Promise<void>;
};

/** A small disk in memory (tmpfs), gone with the test. @throws where mounting is not permitted */
export async function mountSmallDisk(): Promise<SmallDisk> {
  const path = await mkdtemp(join(tmpdir(), "sluice-disk-"));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  await run("mount", ["-t", "tmpfs", "-o", `size=${DISK_BYTES}`, "tmpfs", path]);
  // Lazily: a process that has just been killed may still hold the folder.
  onTestFinished(() => run("umount", ["--lazy", path]).then(() => undefined));
  const filler = join(path, "filler");
  return {
    path,
    fill: () => fill(filler, path),
    free: () => rm(filler),
    remount: (mode) => run("mount", ["-o", `remount,${mode}`, path]).then(() => undefined),
  };
}

async function fill(filler: string, path: string): Promise<void> {
  await using file = await open(filler, "w");
  const page = Buffer.alloc(4096);
  for (let left = (await statfs(path)).bfree; left > 0; left -= 1) await file.write(page);
}

/** Whether small disks can be mounted here; if not, it says so loudly. */
export async function canMount(): Promise<boolean> {
  const path = await mkdtemp(join(tmpdir(), "sluice-disk-"));
  try {
    await run("mount", ["-t", "tmpfs", "-o", `size=${DISK_BYTES}`, "tmpfs", path]);
    await run("umount", [path]);
    return true;
  } catch (error) {
    process.stderr.write(
      `\n*** Cannot mount a small disk for the tests: ${String(error)}\n` +
        "*** SKIPPED: tests of a disk that is full or read-only. What remains is the test of a " +
        "state file whose drafts have names that are too long.\n",
    );
    return false;
  } finally {
    await rm(path, { recursive: true });
  }
}
