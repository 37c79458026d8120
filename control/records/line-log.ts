import { createReadStream } from "node:fs";
import { open, readdir, rm } from "node:fs/promises";
import { basename, dirname } from "node:path";

/** Lines that a log in memory keeps: enough to look back at when nobody asked for a file. */
export const MEMORY_LINES_MAX = 1000;

/** Characters that they may hold together: lines hold documents of up to a megabyte. */
const MEMORY_CHARACTERS_MAX = 16 * 1024 ** 2;

/**
 * A file that has reached this size is followed by a new one, so that old ones can be moved away.
 */
const FILE_BYTES_MAX = 64 * 1024 ** 2;

/** Longest line that is written: two documents of the API's largest size and room to spare. */
export const LINE_BYTES_MAX = 4 * 1024 ** 2;

/** Longest line that is read. Earlier versions wrote longer ones than we do. */
const READ_LINE_BYTES_MAX = 16 * 1024 ** 2;

/** How much of a file is read at a time from its end: some hundred entries. */
const CHUNK_BYTES = 64 * 1024;

/** Lines of text that are only ever added to. */
export interface LineLog {
  /** Whether old lines are dropped. */
  readonly forgets: boolean;
  /** A file whose last line is incomplete. undefined: none seen. */
  readonly tornFile: string | undefined;
  /**
   * Adds a line; when it resolves, the line is on the disk. One call at a time. Rejects, and writes
   * nothing, when it has more than LINE_BYTES_MAX.
   */
  append(line: string): Promise<void>;
  /** Every whole line, oldest first. One that is too long to be read is "". */
  read(): AsyncIterable<string>;
  /** The same, newest first: whoever stops early has read only the end. */
  readBack(): AsyncIterable<string>;
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

  async *readBack(): AsyncGenerator<string> {
    yield* this.#lines.toReversed();
  }
}

/**
 * Lines in the file `path` and, after it, `path.1`, `path.2` … A new one begins when the last is
 * full or does not end with a whole line; nothing that was once written is changed, and old files
 * are deleted only where that is asked for.
 */
export class FileLines implements LineLog {
  readonly forgets: boolean;
  readonly #path: string;
  readonly #filesMax: number;
  #tornFile: string | undefined;

  /** `filesMax`: when there are more, the oldest are deleted. Infinity: none is. */
  constructor(path: string, filesMax = Infinity) {
    this.#path = path;
    this.#filesMax = filesMax;
    this.forgets = filesMax < Infinity;
  }

  get tornFile(): string | undefined {
    return this.#tornFile;
  }

  async append(line: string): Promise<void> {
    const bytes = Buffer.byteLength(line);
    if (bytes > LINE_BYTES_MAX) {
      throw new Error(`wanted a line of at most ${LINE_BYTES_MAX} bytes, found ${bytes}`);
    }
    const path = await this.#writable();
    await using file = await open(path, "a", 0o600);
    const { size } = await file.stat();
    await file.appendFile(`${line}\n`);
    await file.datasync();
    if (size > 0) return;
    await this.#forget();
    // A new file's name reaches the disk with its folder (fsync(2)).
    await using folder = await open(dirname(path), "r");
    await folder.sync();
  }

  async *read(): AsyncGenerator<string> {
    for (const path of await this.#files()) {
      const rest = new LineParts();
      for await (const chunk of createReadStream(path)) {
        const [first = EMPTY, ...others] = partsOf(chunk as Buffer);
        rest.append(first);
        for (const part of others) {
          yield rest.take();
          rest.append(part);
        }
      }
      if (!rest.isEmpty) this.#tornFile = path;
    }
  }

  async *readBack(): AsyncGenerator<string> {
    for (const path of (await this.#files()).toReversed()) {
      yield* linesBack(path, () => (this.#tornFile = path));
    }
  }

  async #forget(): Promise<void> {
    if (!this.forgets) return;
    const files = await this.#files();
    for (const old of files.slice(0, -this.#filesMax)) await rm(old, { force: true });
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

const EMPTY = Buffer.alloc(0);

/** The bytes of one line, as they come, but no more of them than may be read. */
class LineParts {
  #parts: Buffer[] = [];
  #bytes = 0;

  get isEmpty(): boolean {
    return this.#bytes === 0;
  }

  append(part: Buffer): void {
    if (this.#holds(part)) this.#parts.push(part);
  }

  prepend(part: Buffer): void {
    if (this.#holds(part)) this.#parts.unshift(part);
  }

  /** The line, and begins the next. "": it was too long. */
  take(): string {
    const line = this.#bytes > READ_LINE_BYTES_MAX ? "" : Buffer.concat(this.#parts).toString();
    this.#parts = [];
    this.#bytes = 0;
    return line;
  }

  #holds(part: Buffer): boolean {
    this.#bytes += part.length;
    if (this.#bytes <= READ_LINE_BYTES_MAX) return true;
    this.#parts = [];
    return false;
  }
}

/** The whole lines of a file, the last first. `onTorn`: something stands behind the last one. */
async function* linesBack(path: string, onTorn: () => void): AsyncGenerator<string> {
  const rest = new LineParts();
  let isEnd = true;
  for await (const chunk of chunksBack(path)) {
    const [last = EMPTY, ...others] = partsOf(chunk).toReversed();
    rest.prepend(last);
    for (const part of others) {
      if (isEnd && !rest.isEmpty) onTorn();
      const line = rest.take();
      if (!isEnd) yield line;
      isEnd = false;
      rest.prepend(part);
    }
  }
  if (!isEnd) yield rest.take();
  else if (!rest.isEmpty) onTorn();
}

/** A chunk of a file, cut at its line breaks. */
function partsOf(chunk: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  let from = 0;
  for (let at = chunk.indexOf(0x0a); at >= 0; at = chunk.indexOf(0x0a, from)) {
    parts.push(chunk.subarray(from, at));
    from = at + 1;
  }
  parts.push(chunk.subarray(from));
  return parts;
}

/** A file from its end to its beginning. */
async function* chunksBack(path: string): AsyncGenerator<Buffer> {
  await using file = await open(path, "r");
  let { size: end } = await file.stat();
  while (end > 0) {
    const length = Math.min(end, CHUNK_BYTES);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, end - length);
    if (bytesRead < length) throw new Error(`${path} became shorter while it was read`);
    yield buffer;
    end -= length;
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
