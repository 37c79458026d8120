import { open } from "node:fs/promises";
import { RevisionConflictError, StoreError } from "../base/errors.ts";
import { removeDrafts, replaceFile } from "../base/replace-file.ts";
import { Serial } from "../base/serial.ts";
import { FileLock } from "./file-lock.ts";
import { decodeTable, encodeTable } from "./table-file.ts";
import { StoreProblems } from "./store-problems.ts";
import type { StoreProblemsDeps } from "./store-problems.ts";
import { untilAborted } from "./until-aborted.ts";
import type { Store, StoredTable } from "./store.ts";
import { errorCode, errorText } from "../../proxy/base/error-text.ts";

/** Largest file that is read: above any table that the bounds of its parts allow in practice. */
const FILE_BYTES_MAX = 256 * 1024 ** 2;

/** Saves that may wait or run at once: there is one writer, which waits for each. */
const SAVES_WAITING_MAX = 16;

/**
 * Keeps the table in one file, readable only by its owner. The file is replaced whole, by a rename
 * after its content has reached the disk: at any moment, a power cut included, it is the old table
 * or the new one. A file that is not a table is never overwritten.
 *
 * Who has a good table needs no disk to serve it: where nothing can be written, it can be read,
 * each save tries again, and `problem` says why.
 */
export class FileStore implements Store {
  readonly kind = "file";
  readonly #path: string;
  /** undefined: it could not be taken, as nothing can be written. */
  #lock: FileLock | undefined;
  /** On a disk, comparing and setting are two steps: no other save may come between them. */
  readonly #saves = new Serial(SAVES_WAITING_MAX);
  readonly #problems: StoreProblems;
  #closed = false;

  private constructor(path: string, deps: StoreProblemsDeps) {
    this.#path = path;
    this.#problems = new StoreProblems(deps);
  }

  /**
   * Takes the file at `path`, which need not exist, for this process: `path.lock` says so to
   * others.
   * @throws StoreError store_locked with the other's pid; store_unwritable when there is no table
   *   either
   */
  static async open(
    path: string,
    deps: StoreProblemsDeps,
    predecessorPid?: number,
  ): Promise<FileStore> {
    const store = new FileStore(path, deps);
    await store.#open(predecessorPid);
    return store;
  }

  get problem(): string | undefined {
    return this.#problems.current;
  }

  async reclaim(): Promise<void> {
    await this.#saves.run(async () => {
      // If it fails, the next save tries again.
      await this.#take(process.pid).catch(() => undefined);
    });
  }

  async load(): Promise<StoredTable | undefined> {
    const text = await this.#read();
    return text === undefined ? undefined : decodeTable(text, this.#path);
  }

  async save(next: StoredTable, expectedRevision: number): Promise<void> {
    await this.#saves.run(() => this.#save(next, expectedRevision));
  }

  follow(_onChange: (table: StoredTable) => void, signal: AbortSignal): Promise<void> {
    return untilAborted(signal);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    // One that cannot be removed is recognised as that of a dead process.
    await this.#lock?.release().catch(() => undefined);
  }

  async #open(predecessorPid: number | undefined): Promise<void> {
    try {
      await this.#take(predecessorPid);
    } catch (error) {
      const isHeld = error instanceof StoreError && error.code !== "store_unwritable";
      if (isHeld || (await this.load()) === undefined) throw error;
    }
  }

  /** @throws StoreError store_unwritable, which is a problem from now on; store_locked */
  async #take(predecessorPid?: number): Promise<void> {
    try {
      this.#lock = await FileLock.take(`${this.#path}.lock`, predecessorPid);
      await removeDrafts(this.#path);
    } catch (error) {
      this.#problems.report("writing", errorText(error));
      throw error;
    }
    this.#problems.report("writing", undefined);
  }

  /** Has the lock, again if need be: a cleaner of old files may have removed it. */
  async #hold(): Promise<void> {
    if (this.#lock !== undefined && (await this.#lock.isThere())) return;
    if (this.#lock !== undefined) {
      this.#problems.report("writing", `${this.#path}.lock was removed by somebody`);
    }
    await this.#take();
  }

  async #save(next: StoredTable, expectedRevision: number): Promise<void> {
    await this.#hold();
    const current = (await this.load())?.revision ?? 0;
    if (current !== expectedRevision) throw new RevisionConflictError(expectedRevision, current);
    try {
      await replaceFile(this.#path, encodeTable(next));
    } catch (error) {
      const why = `Cannot write ${this.#path}: ${errorText(error)}`;
      this.#problems.report("writing", why);
      throw new StoreError("store_unwritable", why, { cause: error });
    }
    this.#problems.report("writing", undefined);
  }

  async #read(): Promise<string | undefined> {
    try {
      await using file = await open(this.#path, "r");
      const { size } = await file.stat();
      if (size <= FILE_BYTES_MAX) return await file.readFile("utf8");
      throw new Error(`wanted at most ${FILE_BYTES_MAX} bytes, found ${size}`);
    } catch (error) {
      if (errorCode(error) === "ENOENT") return undefined;
      throw new StoreError("store_unreadable", `Cannot read ${this.#path}: ${errorText(error)}`, {
        cause: error,
      });
    }
  }
}
