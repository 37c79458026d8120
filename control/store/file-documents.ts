import { open } from "node:fs/promises";
import { z } from "zod";
import { errorText } from "../../proxy/base/error-text.ts";
import { StoreError } from "../base/errors.ts";
import { removeDrafts, replaceFile } from "../base/replace-file.ts";
import { Serial } from "../base/serial.ts";
import type { Documents, KeptDocument } from "./documents.ts";
import { untilAborted } from "./until-aborted.ts";

/** Tells our files from other JSON files. */
const FORMAT = "sluice-documents";

/** Raised when earlier sidecars can no longer read the file. */
const FORMAT_VERSION = 1;

/** Largest file that is read: a document for each of hundreds of services. */
const FILE_BYTES_MAX = 64 * 1024 ** 2;

/** Saves that may wait or run at once: each rollout has one under way. */
const SAVES_WAITING_MAX = 64;

const fileSchema = z.object({
  format: z.literal(FORMAT),
  formatVersion: z.literal(FORMAT_VERSION),
  documents: z.record(z.string(), z.object({ text: z.string(), mark: z.string() })),
});

/**
 * Documents in one file, readable only by its owner and replaced whole. Nobody else writes it: who
 * has the table's file has this one too. One that is damaged or of another program is left as it
 * is.
 */
export class FileDocuments implements Documents {
  readonly #path: string;
  readonly #saves = new Serial(SAVES_WAITING_MAX);

  constructor(path: string) {
    this.#path = path;
  }

  async all(): Promise<ReadonlyMap<string, KeptDocument>> {
    const text = await this.#read();
    if (text === undefined) return new Map();
    return new Map(Object.entries(this.#decode(text)));
  }

  save(name: string, text: string, mark: string | undefined): Promise<string | undefined> {
    return this.#saves.run(async () => {
      const kept = await this.all();
      if (kept.get(name)?.mark !== mark) return undefined;
      const next = String(Number(mark ?? 0) + 1);
      await this.#write(new Map([...kept, [name, { text, mark: next }]]));
      return next;
    });
  }

  follow(_onChange: unknown, signal: AbortSignal): Promise<void> {
    return untilAborted(signal);
  }

  async #read(): Promise<string | undefined> {
    try {
      await using file = await open(this.#path, "r");
      const { size } = await file.stat();
      if (size <= FILE_BYTES_MAX) return await file.readFile("utf8");
      throw new Error(`wanted at most ${FILE_BYTES_MAX} bytes, found ${size}`);
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
      throw this.#error("store_unreadable", "read", errorText(error), error);
    }
  }

  #decode(text: string): z.infer<typeof fileSchema>["documents"] {
    try {
      return fileSchema.parse(JSON.parse(text)).documents;
    } catch (error) {
      const why = "it is no file of Sluice that this version can read; it was left as it is";
      throw this.#error("store_foreign", "read", why, error);
    }
  }

  async #write(kept: ReadonlyMap<string, KeptDocument>): Promise<void> {
    const documents = Object.fromEntries(kept);
    const file = { format: FORMAT, formatVersion: FORMAT_VERSION, documents };
    try {
      await removeDrafts(this.#path);
      await replaceFile(this.#path, `${JSON.stringify(file, undefined, 2)}\n`);
    } catch (error) {
      throw this.#error("store_unwritable", "write", errorText(error), error);
    }
  }

  #error(
    code: "store_unreadable" | "store_unwritable" | "store_foreign",
    action: string,
    why: string,
    cause: unknown,
  ): StoreError {
    return new StoreError(code, `Cannot ${action} ${this.#path}: ${why}`, { cause });
  }
}
