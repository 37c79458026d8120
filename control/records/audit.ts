import { createHash } from "node:crypto";
import { z } from "zod";
import type { Clock } from "../../proxy/base/clock.ts";
import type { Log } from "../../proxy/base/log.ts";
import { canonicalJson } from "./canonical-json.ts";
import { AuditError } from "../base/errors.ts";
import { FileLines, LINE_BYTES_MAX, MemoryLines } from "./line-log.ts";
import type { LineLog } from "./line-log.ts";
import { Serial } from "../base/serial.ts";
import { errorText } from "../../proxy/base/error-text.ts";

/** Most entries that list() returns in one answer. */
export const AUDIT_LIST_MAX = 1000;

/** Appends that may wait for the disk: more than all writers of a sidecar at once. */
const APPENDS_WAITING_MAX = 1024;

/** What the first entry names as the hash before it. */
const NO_HASH = "0".repeat(64);

/** The end of a log that has no entry. */
const FIRST = { sequence: 0, hash: NO_HASH } as const;

/** Characters of documents in one entry: with all that stands beside them, a line has room. */
const DOCUMENTS_LENGTH_MAX = LINE_BYTES_MAX / 4;

/** Characters of entries that list() returns in one answer; one entry is always returned. */
const LIST_CHARACTERS_MAX = 16 * 1024 ** 2;

/** Who changed what, and why. */
export type AuditFact = {
  readonly actor: string;
  /** `put`, `remove`, `shift`, `version-state`, `endpoint-state` …; stable. */
  readonly action: string;
  readonly service: string;
  readonly reason: string | undefined;
  /** JSON, of a change only what differs; undefined: there was none. */
  readonly before: unknown;
  readonly after: unknown;
  /** The table's revision that the change made. */
  readonly revision: number;
};

/** A fact in its place in the chain. */
export type AuditEntry = AuditFact & {
  /** 1 for the first, then one more each. */
  readonly sequence: number;
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly previousHash: string;
  /** SHA-256, in hex, of the canonical JSON (RFC 8785) of the entry without this field. */
  readonly hash: string;
};

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

/** The end of the chain, which the next entry is tied to. `sequence` 0: there is no entry. */
export type AuditHead = { readonly sequence: number; readonly hash: string };

/** Loose, because a field that somebody has added must reach the hash. */
const entrySchema = z.looseObject({
  sequence: z.int().min(1),
  time: z.string(),
  actor: z.string(),
  action: z.string(),
  service: z.string(),
  reason: z.string().optional(),
  before: z.unknown().optional(),
  after: z.unknown().optional(),
  revision: z.number(),
  previousHash: z.string(),
  hash: z.string(),
});

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
      log?.error("audit.unreadable", { path, error: errorText(error) });
    }
    return audit;
  }

  /** The last entry that this process has written or seen. undefined: the log cannot be read. */
  get head(): AuditHead | undefined {
    return this.#tail && headOf(this.#tail);
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
        const entry = readEntry(line);
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
      const known = this.#tail ?? FIRST;
      let entries = 0;
      let torn = 0;
      let tail: AuditHead | undefined;
      for await (const line of this.#lines.read()) {
        const entry = readEntry(line);
        if (entry === undefined) {
          torn += 1;
          continue;
        }
        const expected = tail ?? this.#firstTail(entry);
        if (!follows(entry, expected)) {
          return { entries, torn, brokenAt: expected.sequence + 1, head: headOf(expected) };
        }
        entries += 1;
        tail = entry;
      }
      const head = headOf(tail ?? FIRST);
      const isCutOff = head.sequence < known.sequence;
      return { entries, torn, brokenAt: isCutOff ? head.sequence + 1 : undefined, head };
    });
  }

  async #append(fact: AuditFact): Promise<AuditEntry> {
    try {
      this.#tail ??= await this.#readTail();
      const { sequence, hash } = this.#tail;
      const time = new Date(this.#clock.wallMs()).toISOString();
      const entry = sealed({ ...short(fact), sequence: sequence + 1, time, previousHash: hash });
      await this.#lines.append(JSON.stringify(entry));
      this.#tail = entry;
      return entry;
    } catch (error) {
      this.#tail = undefined;
      throw new AuditError(`Cannot write audit log: ${errorText(error)}`, { cause: error });
    }
  }

  async #readTail(): Promise<AuditHead> {
    for await (const line of this.#lines.readBack()) {
      const entry = readEntry(line);
      if (entry !== undefined) return entry;
    }
    return FIRST;
  }

  /** A log in memory forgets its oldest entries, so its chain may begin anywhere. */
  #firstTail(first: AuditEntry): AuditHead {
    if (!this.#lines.forgets) return FIRST;
    return { sequence: first.sequence - 1, hash: first.previousHash };
  }
}

function sealed(entry: Omit<AuditEntry, "hash">): AuditEntry {
  return { ...entry, hash: createHash("sha256").update(canonicalJson(entry)).digest("hex") };
}

/** A fact that fits into a line: of documents that are too large only size and hash are kept. */
function short(fact: AuditFact): AuditFact {
  const { before, after } = fact;
  if (lengthOf(before) + lengthOf(after) <= DOCUMENTS_LENGTH_MAX) return fact;
  return { ...fact, before: summaryOf(before), after: summaryOf(after) };
}

function lengthOf(document: unknown): number {
  return JSON.stringify(document)?.length ?? 0;
}

function summaryOf(document: unknown): unknown {
  if (document === undefined) return undefined;
  const text = canonicalJson(document);
  const sha256 = createHash("sha256").update(text).digest("hex");
  return { omitted: { bytes: Buffer.byteLength(text), sha256 } };
}

function headOf({ sequence, hash }: AuditHead): AuditHead {
  return { sequence, hash };
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

function follows(entry: AuditEntry, tail: AuditHead): boolean {
  const { hash, ...rest } = entry;
  const isNext = entry.sequence === tail.sequence + 1 && entry.previousHash === tail.hash;
  return isNext && sealed(rest).hash === hash;
}

/** undefined: the line is not a whole entry. */
function readEntry(line: string): AuditEntry | undefined {
  try {
    return entrySchema.parse(JSON.parse(line)) as AuditEntry;
  } catch {
    return undefined;
  }
}

async function reading<Result>(read: () => Promise<Result>): Promise<Result> {
  try {
    return await read();
  } catch (error) {
    throw new AuditError(`Cannot read audit log: ${errorText(error)}`, { cause: error });
  }
}
