import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { errorText } from "../../proxy/base/error-text.ts";
import type { ConsulAnswer } from "../consul/client.ts";
import { ConsulError } from "../consul/consul-error.ts";
import { KeptCopy } from "../consul/kept-copy.ts";
import { type KvEntry, kvPath, parseKvAnswer } from "../consul/kv.ts";
import { readHead, REVISION_MAX, TABLE_BYTES_MAX } from "./table-document.ts";
import { watch, type WatchDeps } from "../consul/watch.ts";
import { RevisionConflictError, StoreError } from "../base/errors.ts";
import { Serial } from "../base/serial.ts";
import { StoreProblems } from "../store/store-problems.ts";
import type { StoreProblemsDeps } from "../store/store-problems.ts";
import type { Store, StoredTable } from "../store/store.ts";
import { TableKeys, type TablePlace } from "./table-keys.ts";

/**
 * Shifts come from people and rollouts; ten at once and then ten a second already mean a script.
 */
const FOLLOW_LIMIT = { burst: 10, refillMs: 100 };
/**
 * How long a vanished table stays away before a sidecar restores it; up to twice that, at random.
 * This is the time for somebody who deletes it in order to write another.
 */
const RESTORE_AFTER_MS = 5_000;
/**
 * How long one read of a start may take when there is a copy to start from. Shorter than Consul's
 * own wait for a leader: any server answers the stale read that follows.
 */
const LOAD_TIMEOUT_MS = 2_000;

const keptSchema = z.object({
  revision: z.int().min(1),
  services: z.record(z.string(), z.looseObject({})),
});

/** What a Consul store works with. */
export type ConsulStoreDeps = WatchDeps & StoreProblemsDeps;

/** Where the table is, and its copy. */
export type ConsulStoreOptions = TablePlace & {
  /** File of the last good table. undefined: none is kept, and without Consul there is no start. */
  readonly copyPath?: string | undefined;
};

/**
 * The table in Consul's KV, as a store that outlives Consul's absence: the last good table stays in
 * force, is kept on disk, and is restored when somebody deletes it. TableKeys says how it is
 * stored.
 */
export class ConsulStore implements Store {
  readonly kind = "consul";
  readonly #deps: ConsulStoreDeps;
  readonly #keys: TableKeys;
  readonly #copy: KeptCopy<z.output<typeof keptSchema>>;
  /** The last good table and the key's value that held it. */
  #last: StoredTable | undefined;
  #lastHead: string | undefined;
  readonly #problems: StoreProblems;
  /** Saves and what follow() hears take turns, so that no old answer overrides a new write. */
  readonly #serial = new Serial(Infinity);
  #savesDone = 0;

  constructor(deps: ConsulStoreDeps, options: ConsulStoreOptions) {
    this.#deps = deps;
    this.#keys = new TableKeys(deps, options);
    this.#copy = new KeptCopy(options.copyPath, keptSchema, deps.log);
    this.#problems = new StoreProblems(deps);
  }

  /** Why the table in force may differ from what Consul holds. undefined: it does not. */
  get problem(): string | undefined {
    return this.#problems.current;
  }

  /** For how long there has been a problem. 0: there is none. */
  stalenessMs(): number {
    return this.#problems.ageMs();
  }

  /**
   * Loads from Consul. If Consul cannot be reached or holds a bad value, loads the copy on disk. If
   * it holds no table, loads the copy and restores it. See Store.
   */
  async load(): Promise<StoredTable | undefined> {
    return this.#serial.runAlways(async () => this.#loadNow());
  }

  async save(next: StoredTable, expectedRevision: number): Promise<void> {
    return this.#serial.runAlways(async () => this.#saveNow(next, expectedRevision));
  }

  async follow(onChange: (table: StoredTable) => void, signal: AbortSignal): Promise<void> {
    const action = "read the table";
    const target = {
      action,
      path: kvPath(this.#keys.head),
      stale: false,
      isUrgent: true,
      limit: FOLLOW_LIMIT,
    };
    let savesSeen = this.#savesDone;
    const listener = {
      onChange: async (answer: ConsulAnswer) => {
        const heard = answer.found ? parseKvAnswer(action, answer.text)[0] : undefined;
        if (heard === undefined) await this.#awaitRestore(signal);
        await this.#serial.runAlways(async () => {
          // An answer from before our own save must not undo it.
          const isOld = heard === undefined || savesSeen !== this.#savesDone;
          await this.#hear(isOld ? await this.#keys.read() : heard, onChange);
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

  /** Nothing to take back: compare-and-set keeps writers apart. */
  reclaim(): Promise<void> {
    return Promise.resolve();
  }

  /** The client is not closed: it belongs to whoever made it. */
  async close(): Promise<void> {
    await this.#serial.idle();
    await this.#copy.settled();
  }

  async #loadNow(): Promise<StoredTable | undefined> {
    // If it is loaded again it has what it had, even if the copy on disk failed.
    const copy = this.#last ?? (await this.#loadCopy());
    const timeoutMs = copy === undefined ? undefined : LOAD_TIMEOUT_MS;
    try {
      const entry = await this.#keys.readAnywhere(timeoutMs);
      if (entry !== undefined) return await this.#take(entry);
      if (copy !== undefined) await this.#restore(copy);
    } catch (error) {
      this.#problems.report(error instanceof ConsulError ? "silence" : "refusal", errorText(error));
      if (copy === undefined) throw unreadable(error);
    }
    this.#last ??= copy;
    return this.#last;
  }

  async #saveNow(next: StoredTable, expectedRevision: number): Promise<void> {
    if (next.revision > REVISION_MAX) {
      throw unwritable(`wanted a revision up to ${REVISION_MAX}, found ${next.revision}`);
    }
    const document = this.#keys.document(next);
    if (document === undefined) {
      throw unwritable(`the table is larger than ${TABLE_BYTES_MAX} bytes`);
    }
    try {
      const entry = await this.#keys.read();
      const current = this.#revisionOf(entry);
      if (current !== expectedRevision) throw new RevisionConflictError(expectedRevision, current);
      await this.#keys.writeParts(document);
      if (!(await this.#keys.swapHead(document.head, entry?.modifyIndex ?? 0))) {
        const winner = await this.#keys.read();
        throw new RevisionConflictError(expectedRevision, this.#revisionOf(winner));
      }
      this.#accept(next, document.head);
      if (document.parts.length > 0 || isSplit(entry)) await this.#keys.sweepParts(next.revision);
    } catch (error) {
      throw error instanceof ConsulError ? unwritable(error.message, error) : error;
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
    const table = await this.#keys.resolve(entry.value);
    if ("reason" in table) return this.#refuse(table.reason);
    const isNews = !isDeepStrictEqual(table, this.#last);
    this.#accept(table, entry.value);
    if (isNews) onChange(table);
  }

  /** For load(): like #hear(), but a bad value is an error. */
  async #take(entry: KvEntry): Promise<StoredTable> {
    const table = await this.#keys.resolve(entry.value);
    if (!("reason" in table)) {
      this.#accept(table, entry.value);
      return table;
    }
    // Its parts may have been swept because somebody has written the next one meanwhile.
    const now = await this.#keys.readAnywhere();
    if (now !== undefined && now.modifyIndex !== entry.modifyIndex) return this.#take(now);
    throw new StoreError("store_torn", `Cannot use the table: ${table.reason}`);
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
    this.#problems.report("refusal", `Consul holds no key ${this.#keys.head}`);
    const { clock, random } = this.#deps;
    await clock.sleep(RESTORE_AFTER_MS * (1 + random.next()), signal);
  }

  /** Only if nobody else was first; otherwise the watch hears of their table. */
  async #restore(table: StoredTable): Promise<void> {
    const document = this.#keys.document(table);
    if (document === undefined) return;
    await this.#keys.writeParts(document);
    if (!(await this.#keys.createHead(document.head))) return;
    this.#deps.log.warn("store.restored", { key: this.#keys.head, revision: table.revision });
    this.#accept(table, document.head);
  }

  async #loadCopy(): Promise<StoredTable | undefined> {
    return (await this.#copy.load()) as StoredTable | undefined;
  }
}

function isSplit(entry: KvEntry | undefined): boolean {
  return entry !== undefined && readHead(entry.value).kind === "split";
}

function unreadable(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const message = `Cannot read the table from Consul: ${errorText(error)}`;
  return new StoreError("store_unreadable", message, { cause: error });
}

function unwritable(reason: string, cause?: ConsulError): StoreError {
  const message = `Cannot write the table to Consul: ${reason}`;
  return new StoreError("store_unwritable", message, cause && { cause });
}
