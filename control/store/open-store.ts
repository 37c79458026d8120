import type { StoreConfig } from "../config/config-schema.ts";
import type { Documents, KeptDocument } from "./documents.ts";
import { FileDocuments } from "./file-documents.ts";
import { FileStore } from "./file-store.ts";
import { MemoryDocuments } from "./memory-documents.ts";
import { MemoryStore } from "./memory-store.ts";
import type { StoreProblemsDeps } from "./store-problems.ts";
import type { Store, StoredTable } from "./store.ts";

/** What matters of the store of the process whose place this one takes. */
export type StoreBefore = {
  readonly table: StoredTable;
  readonly predecessorPid: number;
};

/**
 * Opens a store on this machine. `before`: whose table it continues with; undefined: nobody's.
 * @throws StoreError; Error for one in Consul, which its link holds.
 */
export async function openStore(
  config: StoreConfig,
  before: StoreBefore | undefined,
  deps: StoreProblemsDeps,
): Promise<Store> {
  switch (config.kind) {
    case "memory":
      return new MemoryStore(before?.table);
    case "file":
      return FileStore.open(config.path, deps, before?.predecessorPid);
    case "consul":
      throw inConsul();
  }
}

/** The check of the configuration ensures that its link holds it. */
function inConsul(): Error {
  return new Error("Cannot open store: the configuration does not say where Consul is");
}

/**
 * Where documents are kept beside the table. `before`: those that the process had in memory whose
 * place this one takes; undefined: none. @throws Error as openStore()
 */
export function openDocuments(
  config: StoreConfig,
  before: ReadonlyMap<string, KeptDocument> | undefined,
): Documents {
  switch (config.kind) {
    case "memory":
      return new MemoryDocuments(before);
    case "file":
      return new FileDocuments(`${config.path}.rollouts.json`);
    case "consul":
      throw inConsul();
  }
}

/** Where what rollouts decide is kept. undefined: in memory, as the table has no file. */
export function decisionsPath(config: StoreConfig): string | undefined {
  return config.kind === "file" ? `${config.path}.rollouts.jsonl` : undefined;
}

/** Where the audit log stands beside the table. undefined: in memory, as the table has no file. */
export function auditPath(config: StoreConfig): string | undefined {
  return config.kind === "file" ? `${config.path}.audit.jsonl` : undefined;
}
