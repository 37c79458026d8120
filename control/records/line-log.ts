import { createReadStream } from "node:fs";
import { open, readdir } from "node:fs/promises";
import { basename, dirname } from "node:path";

/** Lines that a log in memory keeps: enough to look back at when nobody asked for a file. */
export const MEMORY_LINES_MAX = 1000;

/** Characters that they may hold together: lines hold documents of up to a megabyte. */
const MEMORY_CHARACTERS_MAX = 16 * 1024 ** 2;

/**
 * A file that has reached this size is followed by a new one, so that old ones can be moved away.
 */
const FILE_BYTES_MAX = 64 * 1024 ** 2;

/** Longest line that is read: two documents of the API's largest size and room to spare. */
const LINE_BYTES_MAX = 4 * 1024 ** 2;

/** Lines of text that are only ever added to. */
export interface LineLog {
  /** Whether old lines are dropped. */
  readonly forgets: boolean;
  /** A file whose last line is incomplete. undefined: none seen. */
  readonly tornFile: string | undefined;
  /** Adds a line; when it resolves, the line is on the disk. One call at a time. */
  append(line: string): Promise<void>;
  /** Every whole line, oldest first. */
  read(): AsyncIterable<string>;
}

/** The newest lines, gone with the process. */
export class MemoryLines implements LineLog {
  readonly forgets = true;
  readonly tornFile = undefined;
  readonly #lines: string[] = [];
  #characters = 0;

  append(line: string): Promise<void> {
    this.#lines.push(line);
    this.#characters += line.length;
    while (this.#lines.length > MEMORY_LINES_MAX || this.#characters > MEMORY_CHARACTERS_MAX) {
      this.#characters -= this.#lines.shift()?.length ?? 0;
    }
    return Promise.resolve();
  }

  async *read(): AsyncGenerator<string> {
    yield* this.#lines.slice();
  }
}

/**
 * Lines in the file `path` and, after it, `path.1`, `path.2` … A new one begins when the last is
 * full or does not end with a whole line; nothing that was once written is changed.
 */
export class FileLines implements LineLog {
  readonly forgets = false;
  readonly #path: string;
  #tornFile: string | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  get tornFile(): string | undefined {
    return this.#tornFile;
  }

  async append(line: string): Promise<void> {
    const path = await this.#writable();
    await using file = await open(path, "a", 0o600);
    const { size } = await file.stat();
    await file.appendFile(`${line}\n`);
    await file.datasync();
    if (size > 0) return;
    // A new file's name reaches the disk with its folder (fsync(2)).
    await using folder = await open(dirname(path), "r");
    await folder.sync();
  }

  async *read(): AsyncGenerator<string> {
    for (const path of await this.#files()) {
      let rest = "";
      for await (const chunk of createReadStream(path, "utf8")) {
        const lines = (rest + String(chunk)).split("\n");
        rest = lines.pop() ?? "";
        if (rest.length > LINE_BYTES_MAX) throw new Error(`${path} holds a line without end`);
        yield* lines;
      }
      if (rest !== "") this.#tornFile = path;
    }
  }

  /** The file that the next line belongs into. */
  async #writable(): Promise<string> {
    const files = await this.#files();
    const last = files.at(-1);
    if (last === undefined) return this.#path;
    return (await isOpenEnded(last)) ? last : `${this.#path}.${numberOf(last, this.#path) + 1}`;
  }

  /** The files that exist, in the order in which they were written. */
  async #files(): Promise<string[]> {
    const folder = dirname(this.#path);
    const own = basename(this.#path);
    const names = await readdir(folder);
    return names
      .filter((name) => name === own || (name.startsWith(`${own}.`) && /\.[1-9]\d*$/.test(name)))
      .map((name) => `${this.#path}${name.slice(own.length)}`)
      .toSorted((left, right) => numberOf(left, this.#path) - numberOf(right, this.#path));
  }
}

/** 0 for the first file, n for `path.n`. */
function numberOf(file: string, path: string): number {
  return Number(file.slice(path.length + 1));
}

/** Whether a line can be added to a file: it is not full and its last line is whole. */
async function isOpenEnded(path: string): Promise<boolean> {
  await using file = await open(path, "r");
  const { size } = await file.stat();
  if (size === 0) return true;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return size < FILE_BYTES_MAX && buffer[0] === 0x0a;
}
