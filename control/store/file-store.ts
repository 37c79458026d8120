import { open, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { RevisionConflictError, StoreError } from "../base/errors.ts";
import { Serial } from "../base/serial.ts";
import { FileLock } from "./file-lock.ts";
import { decodeTable, encodeTable } from "./table-file.ts";
import { untilAborted } from "./until-aborted.ts";
import type { Store, StoredTable } from "./store.ts";
import { errorText } from "../../proxy/base/error-text.ts";

/** Largest file that is read: above any table that the bounds of its parts allow in practice. */
const FILE_BYTES_MAX = 256 * 1024 ** 2;

/** Saves that may wait or run at once: there is one writer, which waits for each. */
const SAVES_WAITING_MAX = 16;

/**
 * Keeps the table in one file, readable only by its owner. The file is replaced whole, by a rename
 * after its content has reached the disk: at any moment, a power cut included, it is the old table
 * or the new one. A file that is not a table is never overwritten.
 */
export class FileStore implements Store {
  readonly kind = "file";
  readonly #path: string;
  #lock: FileLock;
  /** On a disk, comparing and setting are two steps: no other save may come between them. */
  readonly #saves = new Serial(SAVES_WAITING_MAX);
  #closed = false;

  private constructor(path: string, lock: FileLock) {
    this.#path = path;
    this.#lock = lock;
  }

  /**
   * Takes the file at `path`, which need not exist, for this process: `path.lock` says so to
   * others.
   * @throws StoreError store_locked with the other's pid, or store_unwritable
   */
  static async open(path: string, predecessorPid?: number): Promise<FileStore> {
    return new FileStore(path, await FileLock.take(`${path}.lock`, predecessorPid));
  }

  async reclaim(): Promise<void> {
    await this.#saves.run(async () => {
      this.#lock = await FileLock.take(`${this.#path}.lock`, process.pid);
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
    await this.#lock.release();
  }

  async #save(next: StoredTable, expectedRevision: number): Promise<void> {
    await this.#lock.check();
    const current = (await this.load())?.revision ?? 0;
    if (current !== expectedRevision) throw new RevisionConflictError(expectedRevision, current);
    try {
      await replaceFile(this.#path, encodeTable(next));
    } catch (error) {
      throw new StoreError("store_unwritable", `Cannot write ${this.#path}: ${errorText(error)}`, {
        cause: error,
      });
    }
  }

  async #read(): Promise<string | undefined> {
    try {
      await using file = await open(this.#path, "r");
      const { size } = await file.stat();
      if (size <= FILE_BYTES_MAX) return await file.readFile("utf8");
      throw new Error(`wanted at most ${FILE_BYTES_MAX} bytes, found ${size}`);
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
      throw new StoreError("store_unreadable", `Cannot read ${this.#path}: ${errorText(error)}`, {
        cause: error,
      });
    }
  }
}

/** Replaces a file as a whole, safe from a crash at any point. */
async function replaceFile(path: string, text: string): Promise<void> {
  const draft = `${path}.new`;
  await writeFile(draft, text, { mode: 0o600, flush: true });
  await rename(draft, path);
  // The rename itself reaches the disk with its folder (fsync(2)).
  await using folder = await open(dirname(path), "r");
  await folder.sync();
}
