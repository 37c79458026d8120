import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import type { Log } from "../../proxy/base/log.ts";
import { KeptCopy } from "../consul/kept-copy.ts";
import type { StoredTable } from "../store/store.ts";
import type { FoundTable, TableDocument } from "./table-document.ts";

const keptSchema = z.object({
  revision: z.int().min(1),
  services: z.record(z.string(), z.looseObject({})),
  signed: z
    .object({
      head: z.string(),
      parts: z.array(z.object({ name: z.string(), text: z.string() })),
    })
    .optional(),
});

/**
 * The last good table, as it was read or written: in memory, and in a copy on disk for a start
 * without Consul. If it was signed, it can be put back as it was by those who cannot sign.
 */
export class LastTable {
  readonly #copy: KeptCopy<z.output<typeof keptSchema>>;
  #table: StoredTable | undefined;
  #head: string | undefined;
  #signed: TableDocument | undefined;
  #isLoaded = false;

  /** `path`: of the copy; undefined: none is kept. `before`: what a predecessor had in force. */
  constructor(path: string | undefined, log: Log, before?: StoredTable) {
    this.#copy = new KeptCopy(path, keptSchema, log);
    this.#table = before;
  }

  /** undefined: there has been none. */
  get table(): StoredTable | undefined {
    return this.#table;
  }

  /** As it was signed. undefined: it was not. */
  get signed(): TableDocument | undefined {
    return this.#signed;
  }

  /** Whether this value of the key is the one that it was read from, or written as. */
  isFrom(value: string): boolean {
    return value === this.#head;
  }

  /** Whether it is this table, whoever wrote it and how. */
  equals(table: StoredTable): boolean {
    return isDeepStrictEqual(table, this.#table);
  }

  /** From now on it is this one. */
  become({ table, document, isSigned }: FoundTable): void {
    this.#isLoaded = true;
    this.#table = table;
    this.#head = document.head;
    this.#signed = isSigned ? document : undefined;
    this.#copy.save({ ...table, signed: this.#signed } as z.output<typeof keptSchema>);
  }

  /** The same; at first that of the copy, if it is as new as the predecessor's. */
  async load(): Promise<StoredTable | undefined> {
    if (this.#isLoaded) return this.#table;
    this.#isLoaded = true;
    const kept = await this.#copy.load();
    if (kept === undefined || kept.revision < (this.#table?.revision ?? 0)) return this.#table;
    const { signed, ...table } = kept;
    this.#table = table as StoredTable;
    this.#signed = signed;
    return this.#table;
  }

  /** Resolves when the copy is on disk. */
  async settled(): Promise<void> {
    await this.#copy.settled();
  }
}
