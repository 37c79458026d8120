import { errorText } from "../../proxy/base/error-text.ts";
import type { ConsulAnswer } from "../consul/answer.ts";
import { ConsulError } from "../consul/consul-error.ts";
import { type KvEntry, kvPath, parseKvAnswer } from "../consul/kv.ts";
import { LastTable } from "./last-table.ts";
import { TableJudge } from "./table-judge.ts";
import { type FoundTable, REVISION_MAX, TABLE_BYTES_MAX } from "./table-document.ts";
import { watch, type WatchDeps, type WatchTarget } from "../consul/watch.ts";
import {
  NoSigningKeyError,
  RevisionConflictError,
  SignatureDemandedError,
  StoreError,
} from "../base/errors.ts";
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

/** What a sidecar that cannot sign says of a Consul without a table. */
const NO_TABLE_YET =
  "Consul holds no table yet, and this sidecar cannot sign one: it goes by its own file or copy";

/** What a Consul store works with. */
export type ConsulStoreDeps = WatchDeps & StoreProblemsDeps;

/** What rewrite() has written. */
export type Rewritten = { readonly revision: number; readonly isSigned: boolean };

/** Where the table is, and its copy. */
export type ConsulStoreOptions = TablePlace & {
  /** File of the last good table. undefined: none is kept, and without Consul there is no start. */
  readonly copyPath?: string | undefined;
  /** What the process had in force whose place this one takes. Absent: there is none. */
  readonly before?: StoredTable | undefined;
};

/**
 * The table in Consul's KV, as a store that outlives Consul's absence: the last good table stays in
 * force, is kept on disk, and is restored when somebody deletes it. TableKeys says how it is
 * stored, and TableSeal whose tables are followed.
 */
export class ConsulStore implements Store {
  readonly kind = "consul";
  readonly #deps: ConsulStoreDeps;
  readonly #keys: TableKeys;
  readonly #last: LastTable;
  readonly #problems: StoreProblems;
  readonly #judge: TableJudge;
  /** Saves and what follow() hears take turns, so that no old answer overrides a new write. */
  readonly #serial = new Serial(Infinity);
  #savesDone = 0;

  constructor(deps: ConsulStoreDeps, options: ConsulStoreOptions) {
    this.#deps = deps;
    this.#keys = new TableKeys(deps, options);
    this.#last = new LastTable(options.copyPath, deps.log, options.before);
    this.#problems = new StoreProblems(deps);
    this.#judge = new TableJudge(this.#keys, this.#last, deps.log);
  }

  /** Why the table in force may differ from what Consul holds. undefined: it does not. */
  get problem(): string | undefined {
    return this.#problems.current;
  }

  /** For how long there has been a problem. 0: there is none. */
  stalenessMs(): number {
    return this.#problems.ageMs();
  }

  /** How many values of the key were not followed, by why. */
  get refusals(): ReadonlyMap<string, number> {
    return this.#judge.counts;
  }

  /**
   * Loads from Consul. If Consul cannot be reached or holds a bad value, loads the copy on disk. If
   * it holds no table, loads the copy and restores it. See Store.
   */
  async load(): Promise<StoredTable | undefined> {
    return this.#serial.runAlways(async () => this.#loadNow());
  }

  /** @throws NoSigningKeyError, and as every store */
  async save(next: StoredTable, expectedRevision: number): Promise<void> {
    return this.#serial.runAlways(async () => this.#saveNow(next, expectedRevision));
  }

  /**
   * Writes the last good table again, over whatever is in its place: signed if this sidecar can, or
   * as it was signed; with `isSigned` false, without a signature.
   * @throws NoSigningKeyError, SignatureDemandedError, RevisionConflictError, StoreError
   */
  async rewrite(isSigned: boolean): Promise<Rewritten> {
    return this.#serial.runAlways(async () => this.#rewriteNow(isSigned));
  }

  async follow(onChange: (table: StoredTable) => void, signal: AbortSignal): Promise<void> {
    const target = targetOf(this.#keys.head);
    let savesSeen = this.#savesDone;
    const listener = {
      onChange: async (answer: ConsulAnswer) => {
        const heard = answer.found ? parseKvAnswer(target.action, answer.text)[0] : undefined;
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
    await this.#last.settled();
  }

  async #loadNow(): Promise<StoredTable | undefined> {
    const copy = await this.#last.load();
    const timeoutMs = copy === undefined ? undefined : LOAD_TIMEOUT_MS;
    try {
      const entry = await this.#keys.readAnywhere(timeoutMs);
      if (entry !== undefined) await this.#take(entry);
      else await this.#restore();
    } catch (error) {
      this.#problems.report(error instanceof ConsulError ? "silence" : "refusal", errorText(error));
      if (copy === undefined) throw unreadable(error);
    }
    return this.#last.table;
  }

  async #saveNow(next: StoredTable, expectedRevision: number): Promise<void> {
    if (this.#judge.isFollower) throw new NoSigningKeyError();
    assertRevision(next);
    await this.#put(this.#keys.document(next), (entry) => {
      this.#judge.assertNotSigned(entry);
      const current = this.#judge.revisionOf(entry);
      if (current !== expectedRevision) throw new RevisionConflictError(expectedRevision, current);
    });
  }

  async #rewriteNow(isSigned: boolean): Promise<Rewritten> {
    if (!isSigned && this.#keys.seal.isDemanded) throw new SignatureDemandedError();
    const { table } = this.#last;
    const next = isSigned ? this.#judge.again() : table && this.#keys.document(table, false);
    if (table === undefined || next === undefined) throw new NoSigningKeyError();
    await this.#put(next, (entry) => {
      if (isSigned && !next.isSigned) this.#judge.assertNotSigned(entry);
      const current = this.#judge.revisionOf(entry);
      if (current > table.revision) throw new RevisionConflictError(table.revision, current);
    });
    return { revision: table.revision, isSigned: next.isSigned };
  }

  /** Writes what `admit` lets replace what is there. */
  async #put(
    next: FoundTable | undefined,
    admit: (entry: KvEntry | undefined) => void,
  ): Promise<void> {
    if (next === undefined) throw unwritable(`the table is larger than ${TABLE_BYTES_MAX} bytes`);
    const { table, document } = next;
    try {
      const entry = await this.#keys.read();
      admit(entry);
      await this.#keys.writeParts(document);
      if (!(await this.#keys.swapHead(document.head, entry?.modifyIndex ?? 0))) {
        const winner = this.#judge.revisionOf(await this.#keys.read());
        throw new RevisionConflictError(this.#judge.revisionOf(entry), winner);
      }
      this.#accept(next);
      const isSplit = entry !== undefined && this.#keys.glance(entry.value).isSplit;
      if (document.parts.length > 0 || isSplit) await this.#keys.sweepParts(table.revision);
    } catch (error) {
      throw error instanceof ConsulError ? unwritable(error.message, error) : error;
    }
  }

  /** What follow() does with the key's present value; undefined: it is gone. */
  async #hear(entry: KvEntry | undefined, onChange: (table: StoredTable) => void): Promise<void> {
    if (entry === undefined) return this.#restore();
    if (this.#last.isFrom(entry.value)) return this.#problems.report("refusal", undefined);
    const read = await this.#judge.judge(entry);
    if (!("table" in read)) {
      return this.#problems.report("refusal", this.#judge.refuse(entry, read));
    }
    const isNews = !this.#last.equals(read.table);
    this.#accept(read);
    if (isNews) onChange(read.table);
  }

  /** For load(): like #hear(), but a bad value is an error. */
  async #take(entry: KvEntry): Promise<void> {
    const read = await this.#judge.judge(entry);
    if ("table" in read) return this.#accept(read);
    // Its parts may have been swept because somebody has written the next one meanwhile.
    const now = await this.#keys.readAnywhere();
    if (now !== undefined && now.modifyIndex !== entry.modifyIndex) return this.#take(now);
    const code = read.kind === "unreadable" ? "store_torn" : "store_untrusted";
    throw new StoreError(code, this.#judge.refuse(entry, read));
  }

  #accept(table: FoundTable): void {
    this.#last.become(table);
    this.#savesDone += 1;
    this.#problems.report("silence", undefined);
    this.#problems.report("refusal", undefined);
  }

  async #awaitRestore(signal: AbortSignal): Promise<void> {
    if (this.#last.table === undefined) return;
    this.#problems.report("refusal", `Consul holds no key ${this.#keys.head}`);
    const { clock, random } = this.#deps;
    await clock.sleep(RESTORE_AFTER_MS * (1 + random.next()), signal);
  }

  /** Only if nobody else was first; otherwise the watch hears of their table. */
  async #restore(): Promise<void> {
    const next = this.#judge.again();
    if (next === undefined && this.#judge.isFollower) {
      this.#problems.report("refusal", NO_TABLE_YET);
    }
    if (next === undefined) return;
    await this.#keys.writeParts(next.document);
    if (!(await this.#keys.createHead(next.document.head))) return;
    this.#deps.log.warn("store.restored", { key: this.#keys.head, revision: next.table.revision });
    this.#accept(next);
  }
}

function targetOf(key: string): WatchTarget {
  const limit = FOLLOW_LIMIT;
  return { action: "read the table", path: kvPath(key), stale: false, isUrgent: true, limit };
}

function unreadable(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const message = `Cannot read the table from Consul: ${errorText(error)}`;
  return new StoreError("store_unreadable", message, { cause: error });
}

function assertRevision({ revision }: StoredTable): void {
  if (revision <= REVISION_MAX) return;
  throw unwritable(`wanted a revision up to ${REVISION_MAX}, found ${revision}`);
}

function unwritable(reason: string, cause?: ConsulError): StoreError {
  const message = `Cannot write the table to Consul: ${reason}`;
  return new StoreError("store_unwritable", message, cause && { cause });
}
