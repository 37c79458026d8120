import type { Log } from "../../proxy/base/log.ts";
import { NoSigningKeyError } from "../base/errors.ts";
import type { KvEntry } from "../consul/kv.ts";
import type { LastTable } from "./last-table.ts";
import type { FoundTable } from "./table-document.ts";
import { REFUSAL_KINDS } from "./table-keys.ts";
import type { TableRefusal, RefusalKind, TableKeys } from "./table-keys.ts";

/**
 * Decides which tables in KV are followed and which may be overwritten, given the table that the
 * sidecar had before. Each value that is not followed is counted and logged once.
 */
export class TableJudge {
  readonly #keys: TableKeys;
  readonly #last: LastTable;
  readonly #log: Log;
  /** For all kinds from the start: `rate()` does not see the first count of a new series. */
  readonly #counts = new Map<RefusalKind, number>(REFUSAL_KINDS.map((kind) => [kind, 0]));
  /** ModifyIndex of the last refusal: a value is judged again whenever somebody writes. */
  #refusedIndex: number | undefined;

  constructor(keys: TableKeys, last: LastTable, log: Log) {
    this.#keys = keys;
    this.#last = last;
    this.#log = log;
  }

  /** How many values were not followed, by reason. */
  get counts(): ReadonlyMap<RefusalKind, number> {
    return this.#counts;
  }

  /** Whether this sidecar only follows: tables have to be signed, and it cannot sign. */
  get isFollower(): boolean {
    const { seal } = this.#keys;
    return seal.isDemanded && !seal.canSign;
  }

  /** The table that a value holds, or why it is not followed. @throws ConsulError */
  async judge({ value }: KvEntry): Promise<FoundTable | TableRefusal> {
    const read = await this.#keys.resolve(value);
    return ("table" in read ? this.#rolledBack(read) : undefined) ?? read;
  }

  /** Counts and logs that a value is not followed. Returns the reason as a sentence. */
  refuse({ key, modifyIndex }: KvEntry, { kind, reason }: TableRefusal): string {
    if (modifyIndex !== this.#refusedIndex) {
      this.#refusedIndex = modifyIndex;
      this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
      this.#log.error("store.refused", { key, kind, reason });
    }
    return `Cannot use the table in Consul: ${reason}`;
  }

  /** A value that is not followed counts as the last good table: a write repairs it. */
  revisionOf(entry: KvEntry | undefined): number {
    if (entry === undefined) return 0;
    const seen = this.#last.table?.revision ?? 0;
    const { revision = seen } = this.#keys.glance(entry.value);
    return this.#keys.seal.isDemanded ? Math.max(seen, revision) : revision;
  }

  /**
   * A sidecar that does not sign must not overwrite what others have signed.
   * @throws NoSigningKeyError
   */
  assertNotSigned(entry: KvEntry | undefined): void {
    if (entry === undefined || this.#keys.seal.canSign) return;
    if (this.#keys.glance(entry.value).isSigned) throw new NoSigningKeyError();
  }

  /** The last good table as this sidecar may write it again. undefined: it may not. */
  again(): FoundTable | undefined {
    const { table, signed } = this.#last;
    if (table === undefined) return undefined;
    if (this.#keys.seal.canSign) return this.#keys.document(table);
    if (signed !== undefined) return { table, document: signed, isSigned: true };
    return this.isFollower ? undefined : this.#keys.document(table);
  }

  /** Refuses an old signed table that somebody has put back. */
  #rolledBack({ table: { revision } }: FoundTable): TableRefusal | undefined {
    const seen = this.#last.table?.revision ?? 0;
    if (!this.#keys.seal.isDemanded || revision >= seen) return undefined;
    const found = `it has revision ${revision}, and this sidecar has had ${seen}`;
    const reason = `${found}; \`sluice rewrite\` here puts that one back`;
    return { kind: "rolled_back", reason };
  }
}
