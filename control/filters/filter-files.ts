import { createHash } from "node:crypto";
import type { Stats } from "node:fs";
import { open, realpath, stat } from "node:fs/promises";
import { dirname, isAbsolute, relative, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";
import type { FilterCode } from "../../proxy/table/filter-spec.ts";
import { errorText } from "../../proxy/base/error-text.ts";

/** Largest module: a filter is a page of code, or a bundle of a few libraries. */
const MODULE_BYTES_MAX = 1024 * 1024;

/** The mode bit that lets everybody write (POSIX S_IWOTH). */
const OTHERS_WRITE = 0o002;

/**
 * The files that filters may be made of: those in the folders that the configuration names. The
 * control API and a shared store can name any of them, but no other file of the machine, and none
 * that another user could change.
 */
export class FilterFiles {
  readonly #base: string;
  readonly #folders: readonly string[];

  /** `base`: where relative paths begin; `folders`: where modules may be, relative to it. */
  constructor(base: string, folders: readonly string[]) {
    this.#base = resolve(base);
    this.#folders = folders.map((folder) => resolve(base, folder));
  }

  /** Reads a module. Never rejects: the answer says what is wrong with it. */
  async read(module: string): Promise<FilterCode> {
    try {
      const { path, folder } = await this.#find(module);
      await checkFolders(folder, path);
      const text = await readText(path);
      const hash = createHash("sha256").update(text).digest("hex");
      return { kind: "code", url: pathToFileURL(path).href, hash, text };
    } catch (error) {
      const reason = errorText(error);
      return { kind: "missing", reason: `cannot read ${module}: ${reason}` };
    }
  }

  /** The real path: symbolic links are resolved, both in a module's path and in a folder's. */
  async #find(module: string): Promise<{ readonly path: string; readonly folder: string }> {
    if (this.#folders.length === 0) {
      throw new Error("wanted control.filterFolders to name its folder, found no folder there");
    }
    const path = await realpath(resolve(this.#base, module));
    for (const named of this.#folders) {
      const folder = await realpath(named).catch(() => undefined);
      if (folder !== undefined && isInside(folder, path)) return { path, folder };
    }
    throw new Error(`wanted a file in ${this.#folders.join(" or ")}, found one elsewhere`);
  }
}

async function readText(path: string): Promise<string> {
  await using file = await open(path, "r");
  const stats = await file.stat();
  if (!stats.isFile()) throw new Error("wanted a file, found something else");
  checkOwner(path, stats);
  if (stats.size <= MODULE_BYTES_MAX) return file.readFile("utf8");
  throw new Error(`wanted at most ${MODULE_BYTES_MAX} bytes, found ${stats.size}`);
}

/** Whoever can write to a folder can put another file in a module's place. */
async function checkFolders(folder: string, path: string): Promise<void> {
  for (let inner = dirname(path); ; inner = dirname(inner)) {
    checkOwner(inner, await stat(inner));
    if (inner === folder) return;
  }
}

/** Windows knows neither owners nor modes in this sense: there, nothing is checked. */
function checkOwner(path: string, { mode, uid }: Stats): void {
  const own = process.getuid?.();
  if (own === undefined) return;
  if ((mode & OTHERS_WRITE) !== 0) {
    throw new Error(
      `wanted code that only its owner can write, found that anybody can write ${path}`,
    );
  }
  if (uid === 0 || uid === own) return;
  throw new Error(`wanted code of root or of user ${own}, found that user ${uid} owns ${path}`);
}

function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== "" && way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
