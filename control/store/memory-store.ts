import { RevisionConflictError } from "../base/errors.ts";
import { untilAborted } from "./until-aborted.ts";
import type { ServiceDocument } from "../config/service-schema.ts";
import type { Store, StoredTable } from "./store.ts";

/**
 * Keeps the table as long as the process lives: for tests, and for those who write everything in
 * the file.
 */
export class MemoryStore implements Store {
  readonly kind = "memory";
  readonly problem = undefined;
  #table: StoredTable | undefined;
  /** Of documents that were saved before: a shift changes one service of perhaps thousands. */
  readonly #copies = new WeakMap<ServiceDocument, ServiceDocument>();

  /** `table`: the one of the process whose place this one takes. undefined: none. */
  constructor(table?: StoredTable) {
    this.#table = table;
  }

  reclaim(): Promise<void> {
    return Promise.resolve();
  }

  load(): Promise<StoredTable | undefined> {
    return Promise.resolve(structuredClone(this.#table));
  }

  async save(next: StoredTable, expectedRevision: number): Promise<void> {
    const current = this.#table?.revision ?? 0;
    if (current !== expectedRevision) throw new RevisionConflictError(expectedRevision, current);
    const copies = Object.entries(next.services).map(([name, each]) => [name, this.#copyOf(each)]);
    this.#table = { ...next, services: Object.fromEntries(copies) };
  }

  follow(_onChange: (table: StoredTable) => void, signal: AbortSignal): Promise<void> {
    return untilAborted(signal);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #copyOf(document: ServiceDocument): ServiceDocument {
    const known = this.#copies.get(document);
    if (known !== undefined) return known;
    const copy = structuredClone(document);
    this.#copies.set(document, copy);
    return copy;
  }
}
