import { randomUUID } from "node:crypto";
import { link, readFile, rename, rm, unlink, writeFile } from "node:fs/promises";
import { z } from "zod";
import { StoreError } from "../base/errors.ts";
import { errorCode, errorText } from "../../proxy/base/error-text.ts";

/** Most tries to take a lock: in each failed one another process has released or taken it. */
const TRIES_MAX = 5;

const holderSchema = z.object({
  pid: z.int().min(1),
  started: z.string().optional(),
  id: z.string(),
});

/**
 * Who has a lock. `started` tells a process from an earlier one with the same pid, which is common
 * in containers, where the program often gets the same pid again.
 */
type Holder = z.infer<typeof holderSchema>;

/**
 * A file whose existence says that a process uses another file. A lock that a killed process left
 * behind is recognised and taken over. It keeps apart well-behaved processes on one machine, and
 * nobody else.
 */
export class FileLock {
  readonly #path: string;
  readonly #holder: Holder;

  private constructor(path: string, holder: Holder) {
    this.#path = path;
    this.#holder = holder;
  }

  /**
   * Takes the lock at `path`. `predecessorPid`: a live process that gives it to us.
   * @throws StoreError store_locked with the holder's pid, or store_unwritable
   */
  static async take(path: string, predecessorPid?: number): Promise<FileLock> {
    const started = await startOf(process.pid);
    const holder = { pid: process.pid, id: randomUUID(), ...(started ? { started } : {}) };
    for (let tries = 1; tries <= TRIES_MAX; tries += 1) {
      // First, so that on a disk that takes nothing a live holder is named all the same.
      await refuseHeld(path, predecessorPid);
      if (await create(path, holder)) return new FileLock(path, holder);
      await removeStale(path, predecessorPid);
    }
    throw new StoreError("store_locked", `Cannot take ${path}: other processes keep taking it`);
  }

  /**
   * Whether the lock is still ours; false: the file is gone.
   * @throws StoreError store_locked when it is somebody else's
   */
  async isThere(): Promise<boolean> {
    const holder = await readHolder(this.#path);
    if (holder === undefined) return false;
    if (holder.id === this.#holder.id) return true;
    const whose = `process ${holder.pid} has taken it`;
    throw new StoreError("store_locked", `Cannot rely on ${this.#path}: ${whose}`);
  }

  /** Releases the lock, if it is still ours. */
  async release(): Promise<void> {
    const holder = await readHolder(this.#path);
    if (holder?.id === this.#holder.id) await rm(this.#path, { force: true });
  }
}

/** Whether the lock file was created: a link appears whole or not at all, and never replaces. */
async function create(path: string, holder: Holder): Promise<boolean> {
  const draft = `${path}.${holder.id}`;
  try {
    await writeFile(draft, `${JSON.stringify(holder)}\n`, { flag: "wx", mode: 0o600 });
    await link(draft, path);
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw unwritable(path, error);
  } finally {
    // Where nothing can be written, the first error is the one to tell.
    await rm(draft, { force: true }).catch(() => undefined);
  }
}

/**
 * Removes the lock of a dead process. Between reading and removing, another process may have done
 * the same and locked: so the file is moved away first, and put back if it is not what was read.
 */
async function removeStale(path: string, predecessorPid: number | undefined): Promise<void> {
  const holder = await refuseHeld(path, predecessorPid);
  if (holder === undefined) return;
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return;
    throw unwritable(path, error);
  }
  const moved = await readHolder(aside);
  if (moved?.id !== holder.id) await link(aside, path).catch(() => undefined);
  await unlink(aside);
}

/** A lock that may be taken over. @throws StoreError store_locked when a live process has it. */
async function refuseHeld(path: string, predecessorPid?: number): Promise<Holder | undefined> {
  const holder = await readHolder(path);
  if (holder === undefined) return undefined;
  if (holder.pid !== predecessorPid && (await isAlive(holder))) {
    throw new StoreError("store_locked", `Cannot take ${path}: process ${holder.pid} has it`);
  }
  return holder;
}

/** undefined: no lock. @throws StoreError store_locked when the file is not one of ours. */
async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    return holderSchema.parse(JSON.parse(await readFile(path, "utf8")));
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    const message = `Cannot read ${path}: it does not say which process has it`;
    throw new StoreError("store_locked", message, { cause: error });
  }
}

async function isAlive({ pid, started }: Holder): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it exists and belongs to somebody else.
    return errorCode(error) === "EPERM";
  }
  const now = await startOf(pid);
  return started === undefined || now === undefined || now === started;
}

/** When a process started, in a unit of the kernel's. undefined: this system does not say. */
async function startOf(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    // proc(5): field 22, counted after the name, which stands in brackets and may hold anything.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

function unwritable(path: string, error: unknown): StoreError {
  const reason = errorText(error);
  return new StoreError("store_unwritable", `Cannot create ${path}: ${reason}`, { cause: error });
}
