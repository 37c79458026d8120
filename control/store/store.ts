import type { ServiceDocument } from "../config/service-schema.ts";

/** What is kept: every service as people wrote it, and how often the table has changed. */
export type StoredTable = {
  /** 1 for the first table, then one more with each change. */
  readonly revision: number;
  readonly services: Readonly<Record<string, ServiceDocument>>;
};

/**
 * Where the table outlives the process. A store does not judge the services in it: whoever loads
 * them validates them, since an older or newer sidecar may have written them.
 */
export interface Store {
  readonly kind: "memory" | "file" | "consul";
  /** Why the table in force may not be that of the store, or cannot be stored. undefined: it is. */
  readonly problem: string | undefined;
  /**
   * The table that is held. undefined: none yet.
   * @throws StoreError when something is there that is not a table; it is left as it is.
   */
  load(): Promise<StoredTable | undefined>;
  /**
   * Replaces the table if it still has `expectedRevision` (0: only if there is none). When it
   * rejects with another error than a conflict, the old table is still there, whole.
   * @throws RevisionConflictError, StoreError
   */
  save(next: StoredTable, expectedRevision: number): Promise<void>;
  /**
   * Hands over tables that others have written, in order, until `signal` is aborted; then it
   * resolves. Where nobody else can write (memory, file) it only waits. `onChange` must not throw.
   */
  follow(onChange: (table: StoredTable) => void, signal: AbortSignal): Promise<void>;
  /** Takes back what a process took that was to take our place and has failed. */
  reclaim(): Promise<void>;
  /** Lets go of locks and connections. Later calls do nothing. */
  close(): Promise<void>;
}
