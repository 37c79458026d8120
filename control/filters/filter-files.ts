import { createHash } from "node:crypto";
import { open, realpath } from "node:fs/promises";
import { isAbsolute, relative, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";
import type { FilterCode } from "../../proxy/table/filter-spec.ts";
import { errorText } from "../../proxy/base/error-text.ts";

/** Largest module: a filter is a page of code, or a bundle of a few libraries. */
const MODULE_BYTES_MAX = 1024 * 1024;

/**
 * The files that filters may be made of: those in the folders that the configuration names. The
 * control API and a shared store can name any of them, but no other file of the machine.
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
      const path = await this.#find(module);
      const text = await readText(path);
      const hash = createHash("sha256").update(text).digest("hex");
      return { kind: "code", url: pathToFileURL(path).href, hash, text };
    } catch (error) {
      const reason = errorText(error);
      return { kind: "missing", reason: `cannot read ${module}: ${reason}` };
    }
  }

  /** The real path: symbolic links are resolved, both in a module's path and in a folder's. */
  async #find(module: string): Promise<string> {
    const path = await realpath(resolve(this.#base, module));
    for (const folder of this.#folders) {
      const real = await realpath(folder).catch(() => undefined);
      if (real !== undefined && isInside(real, path)) return path;
    }
    throw new Error(`wanted a file in ${this.#folders.join(" or ")}, found one elsewhere`);
  }
}

async function readText(path: string): Promise<string> {
  await using file = await open(path, "r");
  const stats = await file.stat();
  if (!stats.isFile()) throw new Error("wanted a file, found something else");
  if (stats.size <= MODULE_BYTES_MAX) return file.readFile("utf8");
  throw new Error(`wanted at most ${MODULE_BYTES_MAX} bytes, found ${stats.size}`);
}

function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== "" && way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
