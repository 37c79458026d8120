import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, readdir, rm, rmdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { runProgram } from "./foreign-process.ts";
import type { Ended } from "./foreign-process.ts";
import { ownProgram } from "./programs.ts";

/** systemd takes two seconds until the system is there; a loaded machine, many more. */
const BOOT_DEADLINE_MS = 60_000;
/** Whoever had been killed may still be about to leave. */
const LEAVE_DEADLINE_MS = 10_000;
/** dpkg writes 150 MB, and waits for the disk. */
const RUN_DEADLINE_MS = 120_000;

const NAMESPACES = ["--pid", "--mount", "--uts", "--ipc", "--cgroup", "--fork", "--kill-child"];

/**
 * A machine as far as a package can tell: this one's files, of which it changes a copy, and a
 * systemd that runs. It has the network of this machine. Needs root, and a kernel and a container,
 * if this is one, that let it have namespaces and a cgroup (v2) of its own.
 */
export class BootedRoot implements AsyncDisposable {
  /** Is `/mnt` there. */
  readonly folder: string;
  readonly #cgroup: string;
  readonly #child: ChildProcess;
  #output = "";
  /** Of its systemd, as this machine counts processes. */
  #pid = "";

  /** @throws with the reason when this machine cannot have it. */
  static async start(): Promise<BootedRoot> {
    if (process.getuid?.() !== 0) throw new Error("this needs root");
    const parent = await cgroupFolder();
    const folder = await mkdtemp(join(tmpdir(), "sluice-root-"));
    const cgroup = join(parent, `sluice-test-${process.pid}`);
    await mkdir(cgroup);
    const root = new BootedRoot(folder, cgroup);
    const isUp = await eventually(() => root.#isUp(), BOOT_DEADLINE_MS).catch(() => false);
    if (isUp) return root;
    await root[Symbol.asyncDispose]();
    throw new Error(`systemd does not start here: ${root.#output.trim()}`);
  }

  private constructor(folder: string, cgroup: string) {
    this.folder = folder;
    this.#cgroup = cgroup;
    const entering = `echo $$ > "$1/cgroup.procs" && shift && exec "$@"`;
    const booting = ["sh", ownProgram("boot-systemd.sh"), folder];
    // Whoever ends this process ends that, too.
    const bound = ["setpriv", "--pdeathsig", "KILL", "unshare", ...NAMESPACES];
    const args = ["-c", entering, "sh", cgroup, ...bound, ...booting];
    this.#child = spawn("sh", args, { stdio: ["ignore", "pipe", "pipe"] });
    const keep = (chunk: Buffer): void => void (this.#output += String(chunk));
    this.#child.stdout?.on("data", keep);
    this.#child.stderr?.on("data", keep);
  }

  /** Runs a program there, to its end. */
  run(program: string, ...args: readonly string[]): Promise<Ended> {
    const entering = ["--target", this.#pid, "--all", "--root", "--wd", program, ...args];
    return runProgram("nsenter", entering, { timeoutMs: RUN_DEADLINE_MS });
  }

  /** As run(), and gives what it printed. @throws when it fails. */
  async out(program: string, ...args: readonly string[]): Promise<string> {
    const { status, out, error } = await this.run(program, ...args);
    if (status !== 0) throw new Error(`${program} ${args.join(" ")} failed: ${out}${error}`);
    return out.trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const hasEnded = this.#child.exitCode !== null || this.#child.signalCode !== null;
    const ended = hasEnded ? undefined : once(this.#child, "exit");
    // With its first process all others of the namespace end.
    if (this.#pid !== "") process.kill(Number(this.#pid), "SIGKILL");
    else this.#child.kill("SIGKILL");
    await ended;
    await eventually(() => removeGroups(this.#cgroup), LEAVE_DEADLINE_MS);
    await rm(this.folder, { recursive: true, force: true });
  }

  /** false: it has ended, and never will be. @throws while it may still come. */
  async #isUp(): Promise<boolean> {
    const { pid, exitCode } = this.#child;
    if (exitCode !== null) return false;
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
    this.#pid = children.trim();
    expect((await this.run("systemctl", "is-active", "sysinit.target")).out).toBe("active\n");
    return true;
  }
}

/** Where this machine has its tree of cgroups of version 2. @throws when it has none. */
async function cgroupFolder(): Promise<string> {
  const mounts = (await readFile("/proc/self/mounts", "utf8")).split("\n");
  const folder = mounts
    .map((line) => line.split(" "))
    .find(([, , type]) => type === "cgroup2")?.[1];
  if (folder === undefined) throw new Error("this needs cgroup2");
  return folder;
}

/** Removes a cgroup and those in it. @throws while processes are in one. */
async function removeGroups(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true });
  const inner = entries.filter((entry) => entry.isDirectory());
  await Promise.all(inner.map(({ name }) => removeGroups(join(folder, name))));
  await rmdir(folder);
}
