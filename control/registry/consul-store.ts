import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import type { ConsulAnswer } from "../consul/client.ts";
import { ConsulError } from "../consul/consul-error.ts";
import { KeptCopy } from "../consul/kept-copy.ts";
import {
  deleteKey,
  getKey,
  getKeys,
  type KvEntry,
  kvPath,
  parseKvAnswer,
  putKey,
} from "../consul/kv.ts";
import {
  joinParts,
  partRevision,
  readHead,
  TABLE_BYTES_MAX,
  type TableHead,
  type Unreadable,
  writeTable,
} from "./table-document.ts";
import { watch, type WatchDeps } from "../consul/watch.ts";
import { RevisionConflictError, StoreError } from "../base/errors.ts";
import { Serial } from "../base/serial.ts";
import { StoreProblems } from "../store/store-problems.ts";
import type { StoreProblemsDeps } from "../store/store-problems.ts";
import type { Store, StoredTable } from "../store/store.ts";
import { errorText } from "../../proxy/base/error-text.ts";

/**
 * Shifts come from people and rollouts; ten in a row and then ten a second are already a script.
 */
const FOLLOW_LIMIT = { burst: 10, refillMs: 100 };
/**
 * How long a table that vanished stays away before a sidecar puts it back; up to twice that, by
 * chance. Whoever deletes it in order to write another has this time.
 */
const RESTORE_AFTER_MS = 5_000;
/**
 * How long one read of a start may take when there is a copy to start from. Shorter than Consul's
 * own wait for a leader: any server answers the stale read that follows.
 */
const LOAD_TIMEOUT_MS = 2_000;

/**
 * How a lack of a leader shows: in words, by silence, or as a failed call to the server that was
 * it.
 */
const LEADERLESS: ReadonlySet<string> = new Set([
  "consul_no_leader",
  "consul_timeout",
  "consul_failed",
]);

const keptSchema = z.object({
  revision: z.int().min(1),
  services: z.record(z.string(), z.looseObject({})),
});

/** What a Consul store works with. */
export type ConsulStoreDeps = WatchDeps & StoreProblemsDeps;

/** Where the table is. */
export type ConsulStoreOptions = {
  /** Of all keys, without slash at its end: `sluice`. */
  readonly prefix: string;
  /** One name a sidecar, for the names of parts. */
  readonly sidecar: string;
  /** File of the last good table. undefined: none is kept, and without Consul there is no start. */
  readonly copyPath?: string | undefined;
};

/**
 * The table in Consul's KV: one key, `PREFIX/table`, compared and set by its ModifyIndex, so that
 * of two writers one loses. Tables over Consul's limit have parts below `PREFIX/parts/`, written
 * before the key that names them.
 */
export class ConsulStore implements Store {
  readonly kind = "consul";
  readonly #deps: ConsulStoreDeps;
  readonly #options: ConsulStoreOptions;
  readonly #copy: KeptCopy<z.output<typeof keptSchema>>;
  /** The last good table and the key's value that it was. */
  #last: StoredTable | undefined;
  #lastHead: string | undefined;
  readonly #problems: StoreProblems;
  /**
   * Saves and what follow() hears go one after the other, so that no old answer beats a new write.
   */
  readonly #serial = new Serial(Infinity);
  #savesDone = 0;

  constructor(deps: ConsulStoreDeps, options: ConsulStoreOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#copy = new KeptCopy(options.copyPath, keptSchema, deps.log);
    this.#problems = new StoreProblems(deps);
  }

  /** Why the table in force may not be what Consul holds. undefined: it is. */
  get problem(): string | undefined {
    return this.#problems.current;
  }

  /** For how long there has been a problem. 0: there is none. */
  stalenessMs(): number {
    return this.#problems.ageMs();
  }

  /**
   * From Consul; when it cannot be asked or holds a bad value, the copy on disk; when it holds
   * none, the copy too, which is put back. See Store.
   */
  async load(): Promise<StoredTable | undefined> {
    return this.#serial.runAlways(async () => this.#loadNow());
  }

  async save(next: StoredTable, expectedRevision: number): Promise<void> {
    return this.#serial.runAlways(async () => this.#saveNow(next, expectedRevision));
  }

  async follow(onChange: (table: StoredTable) => void, signal: AbortSignal): Promise<void> {
    const action = "read the table";
    const target = { action, path: kvPath(this.#headKey), stale: false, limit: FOLLOW_LIMIT };
    let savesSeen = this.#savesDone;
    const listener = {
      onChange: async (answer: ConsulAnswer) => {
        const heard = answer.found ? parseKvAnswer(action, answer.text)[0] : undefined;
        if (heard === undefined) await this.#awaitRestore(signal);
        await this.#serial.runAlways(async () => {
          // An answer from before our own save must not undo it.
          const isOld = heard === undefined || savesSeen !== this.#savesDone;
          await this.#hear(
            isOld ? await getKey(this.#deps.client, this.#headKey) : heard,
            onChange,
          );
        });
      },
      onFresh: () => {
        savesSeen = this.#savesDone;
        this.#problems.report("silence", undefined);
      },
      onFailure: (error: unknown) => this.#problems.report("silence", errorText(error)),
    };
    await watch(this.#deps, target, listener, signal);
  }

  /** Nobody takes it away: compare-and-set keeps writers apart. */
  reclaim(): Promise<void> {
    return Promise.resolve();
  }

  /** The client is not closed: it belongs to whoever made it. */
  async close(): Promise<void> {
    await this.#serial.idle();
    await this.#copy.settled();
  }

  get #headKey(): string {
    return `${this.#options.prefix}/table`;
  }

  get #partsPrefix(): string {
    return `${this.#options.prefix}/parts/`;
  }

  async #loadNow(): Promise<StoredTable | undefined> {
    // Loaded again it has what it had, also when the copy on disk failed.
    const copy = this.#last ?? (await this.#loadCopy());
    const timeoutMs = copy === undefined ? undefined : LOAD_TIMEOUT_MS;
    try {
      const entry = await this.#readKey(this.#headKey, timeoutMs);
      if (entry !== undefined) return await this.#take(entry);
      if (copy !== undefined) await this.#restore(copy);
    } catch (error) {
      this.#problems.report(error instanceof ConsulError ? "silence" : "refusal", errorText(error));
      if (copy === undefined) throw this.#unreadable(error);
    }
    this.#last ??= copy;
    return this.#last;
  }

  async #saveNow(next: StoredTable, expectedRevision: number): Promise<void> {
    const document = writeTable(next, encodeURIComponent(this.#options.sidecar));
    if (document === undefined) {
      throw this.#unwritable(`the table is larger than ${TABLE_BYTES_MAX} bytes`);
    }
    try {
      const entry = await getKey(this.#deps.client, this.#headKey);
      const current = this.#revisionOf(entry);
      if (current !== expectedRevision) throw new RevisionConflictError(expectedRevision, current);
      for (const { name, text } of document.parts) {
        await putKey(this.#deps.client, this.#partsPrefix + name, text);
      }
      await this.#swapHead(document.head, entry?.modifyIndex ?? 0, expectedRevision);
      this.#accept(next, document.head);
      if (document.parts.length > 0 || isSplit(entry)) await this.#sweepParts(next.revision);
    } catch (error) {
      throw error instanceof ConsulError ? this.#unwritable(error.message, error) : error;
    }
  }

  /** The one write that counts. */
  async #swapHead(head: string, cas: number, expectedRevision: number): Promise<void> {
    const { client } = this.#deps;
    try {
      if (await putKey(client, this.#headKey, head, { cas })) return;
    } catch (error) {
      if (!(error instanceof ConsulError && error.outcomeUnknown)) throw error;
      // It may be there although nobody said so. When this fails too, follow() will tell.
      if ((await getKey(client, this.#headKey))?.value === head) return;
      throw error;
    }
    const winner = await getKey(client, this.#headKey);
    throw new RevisionConflictError(expectedRevision, this.#revisionOf(winner));
  }

  /**
   * Deletes the parts of earlier revisions, also those of writers who lost or died: their
   * compare-and-set cannot succeed any more. Best effort; the next save of a split table tries
   * again.
   */
  async #sweepParts(revision: number): Promise<void> {
    const { client, log } = this.#deps;
    try {
      for (const { key } of await getKeys(client, this.#partsPrefix)) {
        const written = partRevision(key.slice(this.#partsPrefix.length));
        if (written === undefined || written < revision) await deleteKey(client, key);
      }
    } catch (error) {
      log.warn("store.parts_left", { error: errorText(error) });
    }
  }

  /** A value that cannot be read counts as the last good table: a write repairs it. */
  #revisionOf(entry: KvEntry | undefined): number {
    const head = entry && readHead(entry.value);
    if (head?.kind === "whole") return head.table.revision;
    return head?.kind === "split" ? head.revision : (this.#last?.revision ?? 0);
  }

  /** What follow() does with the key's present value; undefined: it is gone. */
  async #hear(entry: KvEntry | undefined, onChange: (table: StoredTable) => void): Promise<void> {
    if (entry === undefined) {
      if (this.#last !== undefined) await this.#restore(this.#last);
      return;
    }
    if (entry.value === this.#lastHead) return this.#problems.report("refusal", undefined);
    const table = await this.#resolve(readHead(entry.value));
    if ("reason" in table) return this.#refuse(table.reason);
    const isNews = !isDeepStrictEqual(table, this.#last);
    this.#accept(table, entry.value);
    if (isNews) onChange(table);
  }

  /** For load(): as #hear(), but a bad value is an error. */
  async #take(entry: KvEntry): Promise<StoredTable> {
    const table = await this.#resolve(readHead(entry.value));
    if (!("reason" in table)) {
      this.#accept(table, entry.value);
      return table;
    }
    // Its parts may have been swept because somebody has written the next one meanwhile.
    const now = await this.#readKey(this.#headKey);
    if (now !== undefined && now.modifyIndex !== entry.modifyIndex) return this.#take(now);
    throw new StoreError("store_torn", `Cannot use the table: ${table.reason}`);
  }

  async #resolve(head: TableHead | Unreadable): Promise<StoredTable | Unreadable> {
    if (head.kind === "unreadable") return head;
    if (head.kind === "whole") return head.table;
    const entries = await Promise.all(
      head.parts.map(async (name) => this.#readKey(this.#partsPrefix + name)),
    );
    return joinParts(
      head,
      entries.map((entry) => entry?.value),
    );
  }

  #accept(table: StoredTable, head: string): void {
    this.#last = table;
    this.#lastHead = head;
    this.#savesDone += 1;
    this.#copy.save(table);
    this.#problems.report("silence", undefined);
    this.#problems.report("refusal", undefined);
  }

  #refuse(reason: string): void {
    this.#problems.report("refusal", `Cannot use the table in Consul: ${reason}`);
  }

  async #awaitRestore(signal: AbortSignal): Promise<void> {
    if (this.#last === undefined) return;
    this.#problems.report("refusal", `Consul holds no key ${this.#headKey}`);
    const { clock, random } = this.#deps;
    await clock.sleep(RESTORE_AFTER_MS * (1 + random.next()), signal);
  }

  /** Only if nobody else was first; then the watch hears of theirs. */
  async #restore(table: StoredTable): Promise<void> {
    const document = writeTable(table, encodeURIComponent(this.#options.sidecar));
    if (document === undefined) return;
    for (const { name, text } of document.parts) {
      await putKey(this.#deps.client, this.#partsPrefix + name, text);
    }
    if (!(await putKey(this.#deps.client, this.#headKey, document.head, { cas: 0 }))) return;
    this.#deps.log.warn("store.restored", { key: this.#headKey, revision: table.revision });
    this.#accept(table, document.head);
  }

  /** From the leader, or without one from any server. */
  async #readKey(key: string, timeoutMs?: number): Promise<KvEntry | undefined> {
    const { client } = this.#deps;
    try {
      return await getKey(client, key, { timeoutMs });
    } catch (error) {
      if (!(error instanceof ConsulError && LEADERLESS.has(error.code))) throw error;
      return getKey(client, key, { stale: true, timeoutMs });
    }
  }

  async #loadCopy(): Promise<StoredTable | undefined> {
    return (await this.#copy.load()) as StoredTable | undefined;
  }

  #unreadable(error: unknown): StoreError {
    if (error instanceof StoreError) return error;
    const message = `Cannot read the table from Consul: ${errorText(error)}`;
    return new StoreError("store_unreadable", message, { cause: error });
  }

  #unwritable(reason: string, cause?: ConsulError): StoreError {
    const message = `Cannot write the table to Consul: ${reason}`;
    return new StoreError("store_unwritable", message, cause && { cause });
  }
}

function isSplit(entry: KvEntry | undefined): boolean {
  return entry !== undefined && readHead(entry.value).kind === "split";
}
