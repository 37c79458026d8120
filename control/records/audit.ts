import type { Clock } from "../../proxy/base/clock.ts";
import type { Log } from "../../proxy/base/log.ts";
import { AuditError } from "../base/errors.ts";
import { contradictionOf } from "./audit-end.ts";
import {
  followsHead,
  headOf,
  NO_ENTRY,
  readAuditEntry,
  sealEntry,
  shortFact,
} from "./audit-entry.ts";
import type { AuditEntry, AuditFact, AuditHead } from "./audit-entry.ts";
import { FileLines, MemoryLines } from "./line-log.ts";
import type { LineLog } from "./line-log.ts";
import { Serial } from "../base/serial.ts";
import { errorText } from "../../proxy/base/error-text.ts";

/** Most entries that list() returns in one answer. */
export const AUDIT_LIST_MAX = 1000;

/** Appends that may wait for the disk: more than all writers of a sidecar at once. */
const APPENDS_WAITING_MAX = 1024;

/** Characters of entries that list() returns in one answer; one entry is always returned. */
const LIST_CHARACTERS_MAX = 16 * 1024 ** 2;

/** What verify() saw. */
export type AuditCheck = {
  /** Entries that were read. */
  readonly entries: number;
  /** Lines that are not entries: what a crash or a full disk left of one. */
  readonly torn: number;
  /** The first sequence number at which the chain does not hold. undefined: it holds. */
  readonly brokenAt: number | undefined;
  /** The last entry. Whoever has noted an earlier one can tell whether the end was cut off. */
  readonly head: AuditHead;
};

/** Where a log is kept. `path` undefined: in memory. */
export type AuditOptions = {
  readonly path?: string | undefined;
  readonly clock: Clock;
  /** Absent: nobody hears that the log cannot be read. */
  readonly log?: Log;
};

/**
 * A log of changes in which every entry holds the hash of the one before: nobody can change, drop
 * or insert an entry without verify() noticing. (Only somebody who knows the end can tell that it
 * was cut off.)
 */
export class Audit {
  readonly #lines: LineLog;
  readonly #clock: Clock;
  readonly #serial = new Serial(APPENDS_WAITING_MAX);
  /** undefined: must be read from the log, as after an append that may or may not be in it. */
  #tail: AuditHead | undefined;
  #problem: string | undefined;
  /** Called when an entry has been added. Must not throw. */
  onAppended: () => void = () => undefined;

  private constructor(lines: LineLog, clock: Clock) {
    this.#lines = lines;
    this.#clock = clock;
  }

  /**
   * Opens the log at `path`; without one, a bounded log in memory. A torn end stays as it is, and
   * the chain continues in a new file beside it; `tornFile` names the torn one. A log that cannot
   * be read stops nobody from serving: the log says so, and every append tries again.
   */
  static async open({ path, clock, log }: AuditOptions): Promise<Audit> {
    const audit = new Audit(path === undefined ? new MemoryLines() : new FileLines(path), clock);
    try {
      audit.#tail = await audit.#readTail();
    } catch (error) {
      audit.#problem = `Cannot read audit log: ${errorText(error)}`;
      log?.error("audit.unreadable", { path, error: errorText(error) });
    }
    return audit;
  }

  /** The last entry that this process has written or seen. undefined: the log cannot be read. */
  get head(): AuditHead | undefined {
    return this.#tail && headOf(this.#tail);
  }

  /** Why the last entry is not in the log. undefined: it is, as far as is known. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** The file whose end is damaged, of those that this process has seen. undefined: none. */
  get tornFile(): string | undefined {
    return this.#lines.tornFile;
  }

  /**
   * Adds an entry; when it resolves, the entry is on the disk.
   * @throws AuditError, BusyError
   */
  append(fact: AuditFact): Promise<AuditEntry> {
    return this.#serial.run(() => this.#append(fact));
  }

  /**
   * Entries in order: the first `limit` after sequence number `since`, or without it the newest
   * ones. At most AUDIT_LIST_MAX.
   * @throws AuditError when the log cannot be read.
   */
  list(options: {
    readonly limit: number;
    readonly since?: number | undefined;
  }): Promise<readonly AuditEntry[]> {
    return reading(async () => {
      const { since } = options;
      const limit = Math.min(options.limit, AUDIT_LIST_MAX);
      /** Newest first. */
      const found: AuditEntry[] = [];
      let characters = 0;
      for await (const line of limit === 0 ? [] : this.#lines.readBack()) {
        const entry = readAuditEntry(line);
        if (entry === undefined) continue;
        if (since !== undefined && entry.sequence <= since) break;
        if (since === undefined && isFull(found.length, characters, limit)) break;
        found.push(entry);
        characters += line.length;
        // The first ones after `since` come last.
        if (since !== undefined) characters = dropNewest(found, characters, limit);
      }
      return found.toReversed();
    });
  }

  /**
   * Reads the whole log and checks the chain, up to the entry that this process knows as the last.
   * @throws AuditError when the log cannot be read.
   */
  verify(): Promise<AuditCheck> {
    return reading(async () => {
      const known = this.#tail ?? NO_ENTRY;
      let entries = 0;
      let torn = 0;
      let tail: AuditHead | undefined;
      for await (const line of this.#lines.read()) {
        const entry = readAuditEntry(line);
        if (entry === undefined) {
          torn += 1;
          continue;
        }
        const expected = tail ?? this.#firstTail(entry);
        if (!followsHead(entry, expected)) {
          return { entries, torn, brokenAt: expected.sequence + 1, head: headOf(expected) };
        }
        entries += 1;
        tail = entry;
      }
      const head = headOf(tail ?? NO_ENTRY);
      const isCutOff = head.sequence < known.sequence;
      return { entries, torn, brokenAt: isCutOff ? head.sequence + 1 : undefined, head };
    });
  }

  /**
   * How the log contradicts an end of it that somebody has noted, of an earlier process too: it was
   * cut off or written anew. undefined: it does not.
   * @throws AuditError when the log cannot be read.
   */
  contradiction(noted: AuditHead): Promise<string | undefined> {
    return reading(() => contradictionOf(this.#lines.readBack(), noted));
  }

  async #append(fact: AuditFact): Promise<AuditEntry> {
    try {
      this.#tail ??= await this.#readTail();
      const { sequence, hash } = this.#tail;
      const time = new Date(this.#clock.wallMs()).toISOString();
      const entry = sealEntry({
        ...shortFact(fact),
        sequence: sequence + 1,
        time,
        previousHash: hash,
      });
      await this.#lines.append(JSON.stringify(entry));
      this.#tail = entry;
      this.#problem = undefined;
      this.onAppended();
      return entry;
    } catch (error) {
      this.#tail = undefined;
      this.#problem = `Cannot write audit log: ${errorText(error)}`;
      throw new AuditError(this.#problem, { cause: error });
    }
  }

  async #readTail(): Promise<AuditHead> {
    for await (const line of this.#lines.readBack()) {
      const entry = readAuditEntry(line);
      if (entry !== undefined) return entry;
    }
    return NO_ENTRY;
  }

  /** A log in memory forgets its oldest entries, so its chain may begin anywhere. */
  #firstTail(first: AuditEntry): AuditHead {
    if (!this.#lines.forgets) return NO_ENTRY;
    return { sequence: first.sequence - 1, hash: first.previousHash };
  }
}

/** Drops the newest, which are first, until the rest fits. Gives the characters that remain. */
function dropNewest(found: AuditEntry[], characters: number, limit: number): number {
  let left = characters;
  while (isFull(found.length - 1, left, limit)) left -= JSON.stringify(found.shift()).length;
  return left;
}

function isFull(count: number, characters: number, limit: number): boolean {
  return count >= limit || (count > 0 && characters > LIST_CHARACTERS_MAX);
}

async function reading<Result>(read: () => Promise<Result>): Promise<Result> {
  try {
    return await read();
  } catch (error) {
    throw new AuditError(`Cannot read audit log: ${errorText(error)}`, { cause: error });
  }
}
