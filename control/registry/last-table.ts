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
 * without Consul. If it was signed, even a sidecar that cannot sign can put it back as it was.
 */
export class LastTable {
  readonly #copy: KeptCopy<z.output<typeof keptSchema>>;
  #table: StoredTable | undefined;
  #head: string | undefined;
  #signed: TableDocument | undefined;
  #isLoaded = false;

  /** `path`: of the copy; undefined: none is kept. `before`: the table of our predecessor. */
  constructor(path: string | undefined, log: Log, before?: StoredTable) {
    this.#copy = new KeptCopy(path, keptSchema, log);
    this.#table = before;
  }

  /** undefined: there has been none. */
  get table(): StoredTable | undefined {
    return this.#table;
  }

  /** The document as it was signed. undefined: it was not. */
  get signed(): TableDocument | undefined {
    return this.#signed;
  }

  /** Whether the table was read from, or written as, this value of the key. */
  isFrom(value: string): boolean {
    return value === this.#head;
  }

  /** Whether it equals this table, whoever wrote it and however. */
  equals(table: StoredTable): boolean {
    return isDeepStrictEqual(table, this.#table);
  }

  /** Takes this table from now on. */
  become({ table, document, isSigned }: FoundTable): void {
    this.#isLoaded = true;
    this.#table = table;
    this.#head = document.head;
    this.#signed = isSigned ? document : undefined;
    this.#copy.save({ ...table, signed: this.#signed } as z.output<typeof keptSchema>);
  }

  /** The table; at first that of the copy, if it is as new as our predecessor's. */
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
