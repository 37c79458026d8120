import { mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { z } from "zod";
import type { Log } from "../../proxy/base/log.ts";
import { replaceFile } from "../base/replace-file.ts";
import { errorCode, errorText } from "../../proxy/base/error-text.ts";

/**
 * The last good state of something that Consul holds, on disk, for a start without Consul. It is a
 * convenience, not a promise: if the disk fails, there is only a warning.
 */
export class KeptCopy<Value> {
  readonly #path: string | undefined;
  readonly #schema: z.ZodType<Value>;
  readonly #log: Log;
  #waiting: Value | undefined;
  #writing: Promise<void> | undefined;

  /** Without a path nothing is kept. */
  constructor(path: string | undefined, schema: z.ZodType<Value>, log: Log) {
    this.#path = path;
    this.#schema = schema;
    this.#log = log;
  }

  /** undefined: there is none, or it cannot be read. */
  async load(): Promise<Value | undefined> {
    if (this.#path === undefined) return undefined;
    try {
      return this.#schema.parse(JSON.parse(await readFile(this.#path, "utf8")));
    } catch (error) {
      if (errorCode(error) !== "ENOENT") this.#warn("kept_copy.unreadable", error);
      return undefined;
    }
  }

  /** Writes it soon; of several values in a row only the last is sure to be written. */
  save(value: Value): void {
    if (this.#path === undefined) return;
    this.#waiting = value;
    this.#writing ??= this.#writeAll();
  }

  /** Resolves when everything that was saved is on disk. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting !== undefined) {
      const text = JSON.stringify(this.#waiting);
      this.#waiting = undefined;
      await this.#write(text).catch((error: unknown) => this.#warn("kept_copy.unwritable", error));
    }
    this.#writing = undefined;
  }

  /** Whole or not at all: a new file takes the old one's place once it is on disk. */
  async #write(text: string): Promise<void> {
    if (this.#path === undefined) return;
    await mkdir(dirname(this.#path), { recursive: true });
    // Each draft is of one process only: during an upgrade two of them keep one copy.
    await replaceFile(this.#path, text);
  }

  #warn(event: string, error: unknown): void {
    this.#log.warn(event, { path: this.#path, error: errorText(error) });
  }
}
