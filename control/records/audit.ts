import { createHash } from "node:crypto";
import { z } from "zod";
import type { Clock } from "../../proxy/base/clock.ts";
import { canonicalJson } from "./canonical-json.ts";
import { AuditError } from "../base/errors.ts";
import { FileLines, MemoryLines } from "./line-log.ts";
import type { LineLog } from "./line-log.ts";
import { Serial } from "../base/serial.ts";
import { errorText } from "../../proxy/base/error-text.ts";

/** Most entries that list() returns in one answer. */
export const AUDIT_LIST_MAX = 1000;

/** Appends that may wait for the disk: more than all writers of a sidecar at once. */
const APPENDS_WAITING_MAX = 1024;

/** What the first entry names as the hash before it. */
const NO_HASH = "0".repeat(64);

/** Who changed what, and why. */
export type AuditFact = {
  readonly actor: string;
  /** `put`, `remove`, `shift`, `version-state`, `endpoint-state` …; stable. */
  readonly action: string;
  readonly service: string;
  readonly reason: string | undefined;
  /** JSON; undefined: there was none. */
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
};

/** The end of the chain, which the next entry is tied to. */
type Tail = { readonly sequence: number; readonly hash: string };

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
  #tail: Tail | undefined;

  private constructor(lines: LineLog, clock: Clock) {
    this.#lines = lines;
    this.#clock = clock;
  }

  /**
   * Opens the log at `path`; without one, a bounded log in memory. A torn end stays as it is, and
   * the chain continues in a new file beside it; `tornFile` names the torn one.
   * @throws AuditError when it cannot be read.
   */
  static async open(options: {
    readonly path?: string | undefined;
    readonly clock: Clock;
  }): Promise<Audit> {
    const { path, clock } = options;
    const audit = new Audit(path === undefined ? new MemoryLines() : new FileLines(path), clock);
    audit.#tail = await reading(() => audit.#readTail());
    return audit;
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
      const limit = Math.min(options.limit, AUDIT_LIST_MAX);
      const tail = this.#tail ?? (await this.#readTail());
      const since = options.since ?? tail.sequence - limit;
      const entries: AuditEntry[] = [];
      for await (const line of this.#lines.read()) {
        if (entries.length >= limit) break;
        const entry = readEntry(line);
        if (entry !== undefined && entry.sequence > since) entries.push(entry);
      }
      return entries;
    });
  }

  /**
   * Reads the whole log and checks the chain.
   * @throws AuditError when the log cannot be read.
   */
  verify(): Promise<AuditCheck> {
    return reading(async () => {
      let entries = 0;
      let torn = 0;
      let tail: Tail | undefined;
      for await (const line of this.#lines.read()) {
        const entry = readEntry(line);
        if (entry === undefined) {
          torn += 1;
          continue;
        }
        const expected = tail ?? this.#firstTail(entry);
        if (!follows(entry, expected)) {
          return { entries, torn, brokenAt: expected.sequence + 1 };
        }
        entries += 1;
        tail = entry;
      }
      return { entries, torn, brokenAt: undefined };
    });
  }

  async #append(fact: AuditFact): Promise<AuditEntry> {
    try {
      this.#tail ??= await this.#readTail();
      const { sequence, hash } = this.#tail;
      const time = new Date(this.#clock.wallMs()).toISOString();
      const entry = sealed({ ...fact, sequence: sequence + 1, time, previousHash: hash });
      await this.#lines.append(JSON.stringify(entry));
      this.#tail = entry;
      return entry;
    } catch (error) {
      this.#tail = undefined;
      throw new AuditError(`Cannot write audit log: ${errorText(error)}`, { cause: error });
    }
  }

  async #readTail(): Promise<Tail> {
    let tail: Tail = { sequence: 0, hash: NO_HASH };
    for await (const line of this.#lines.read()) tail = readEntry(line) ?? tail;
    return tail;
  }

  /** A log in memory forgets its oldest entries, so its chain may begin anywhere. */
  #firstTail(first: AuditEntry): Tail {
    if (!this.#lines.forgets) return { sequence: 0, hash: NO_HASH };
    return { sequence: first.sequence - 1, hash: first.previousHash };
  }
}

function sealed(entry: Omit<AuditEntry, "hash">): AuditEntry {
  return { ...entry, hash: createHash("sha256").update(canonicalJson(entry)).digest("hex") };
}

function follows(entry: AuditEntry, tail: Tail): boolean {
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
