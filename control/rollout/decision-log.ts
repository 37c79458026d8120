import { createHash } from "node:crypto";
import { z } from "zod";
import { errorText } from "../../proxy/base/error-text.ts";
import type { Log } from "../../proxy/base/log.ts";
import { Serial } from "../base/serial.ts";
import { canonicalJson } from "../records/canonical-json.ts";
import { FileLines, MemoryLines } from "../records/line-log.ts";
import type { LineLog } from "../records/line-log.ts";
import type { LookEntry } from "./look-entry.ts";
import { readLookEntry } from "./look-entry-schema.ts";
import type { Rollout } from "./rollout.ts";

/** Entries that may wait for the disk: one a second of each rollout. More are dropped, and told. */
const WAITING_MAX = 64;

/** Files of 64 MiB that are kept: some 200 000 looks. */
const FILES_MAX = 4;

/** Lines that are read to find what was seen of a rollout: some hours of one. */
const LINES_BACK_MAX = 20_000;

/** What the first line names as the hash before it. */
const NO_HASH = "0".repeat(64);

const lineSchema = z.object({
  sequence: z.int().min(1),
  previousHash: z.string(),
  entry: z.unknown(),
  hash: z.string(),
});

/** A line of the log: an entry in its place in the chain. */
export type SealedLine = z.output<typeof lineSchema>;

/** What rollouts see and decide, so that it can be decided again: see replayRollout(). */
export interface DecisionLog {
  /** Adds an entry. Never throws, and nobody waits for it. */
  note(entry: LookEntry): void;
  /**
   * What was noted of a rollout since its evidence began, the oldest first. Empty: nothing that can
   * be relied on. Never rejects.
   */
  pastOf(rollout: Pick<Rollout, "id" | "startedMs">): Promise<readonly LookEntry[]>;
}

/**
 * The log in the file `path` and those after it (see FileLines), each line tied to the one before
 * by SHA-256. A disk that takes nothing costs entries, and no decision.
 */
export class ChainedLog implements DecisionLog {
  readonly #lines: LineLog;
  readonly #log: Log;
  readonly #serial = new Serial(WAITING_MAX);
  /** undefined: must be read from the log. */
  #tail: Pick<SealedLine, "sequence" | "hash"> | undefined;
  #failure = "";

  /** `path` undefined: a bounded log in memory. */
  constructor(path: string | undefined, log: Log) {
    this.#lines = path === undefined ? new MemoryLines() : new FileLines(path, FILES_MAX);
    this.#log = log;
  }

  note(entry: LookEntry): void {
    this.#serial
      .run(() => this.#append(entry))
      .then(
        () => (this.#failure = ""),
        (error: unknown) => this.#failed(error),
      );
  }

  async pastOf(rollout: Pick<Rollout, "id" | "startedMs">): Promise<readonly LookEntry[]> {
    try {
      return await this.#serial.run(() => this.#readPast(rollout));
    } catch (error) {
      this.#failed(error);
      return [];
    }
  }

  /** Resolves when everything that was noted is written, or could not be. */
  idle(): Promise<void> {
    return this.#serial.idle();
  }

  async #append(entry: LookEntry): Promise<void> {
    this.#tail ??= await this.#readTail();
    const { sequence, hash: previousHash } = this.#tail;
    this.#tail = undefined;
    const sealed = seal({ sequence: sequence + 1, previousHash, entry });
    await this.#lines.append(JSON.stringify(sealed));
    this.#tail = sealed;
  }

  async #readTail(): Promise<Pick<SealedLine, "sequence" | "hash">> {
    for await (const line of this.#lines.readBack()) {
      const sealed = readLine(line);
      if (sealed !== undefined) return sealed;
    }
    return { sequence: 0, hash: NO_HASH };
  }

  async #readPast({
    id,
    startedMs,
  }: Pick<Rollout, "id" | "startedMs">): Promise<readonly LookEntry[]> {
    const past: LookEntry[] = [];
    let read = 0;
    let after: SealedLine | undefined;
    for await (const line of this.#lines.readBack()) {
      const sealed = readLine(line);
      read += 1;
      const isWhole = sealed !== undefined && isBefore(sealed, after);
      if (!isWhole || read > LINES_BACK_MAX) return [];
      after = sealed;
      const entry = readLookEntry(sealed.entry);
      if (entry !== undefined && entry.atMs < startedMs) return [];
      if (entry === undefined || idOf(entry) !== id) continue;
      past.push(entry);
      if (entry.kind === "begin" && entry.goesOn !== true) return past.toReversed();
    }
    return [];
  }

  #failed(error: unknown): void {
    const reason = errorText(error);
    if (reason !== this.#failure) this.#log.warn("rollout.log-failed", { reason });
    this.#failure = reason;
  }
}

/** What a log holds, and where its chain breaks. */
export type ReadLog = {
  readonly entries: readonly unknown[];
  /** The line, from 1, that does not follow from the one before. undefined: all do. */
  readonly brokenAt: number | undefined;
};

/** Reads the lines of one file: a chain that an earlier file has begun may begin anywhere. */
export function readChain(lines: readonly string[]): ReadLog {
  const entries: unknown[] = [];
  let before: SealedLine | undefined;
  for (const [index, line] of lines.entries()) {
    const sealed = readLine(line);
    if (sealed === undefined || !follows(sealed, before)) return { entries, brokenAt: index + 1 };
    entries.push(sealed.entry);
    before = sealed;
  }
  return { entries, brokenAt: undefined };
}

/** Whether a line is whole and, if there is one `after` it, the one before that. */
function isBefore(sealed: SealedLine, after: SealedLine | undefined): boolean {
  return follows(sealed, undefined) && (after === undefined || follows(after, sealed));
}

function idOf(entry: LookEntry): string {
  return entry.kind === "begin" ? entry.rollout.id : entry.id;
}

function follows(sealed: SealedLine, before: SealedLine | undefined): boolean {
  const { hash, ...rest } = sealed;
  if (seal(rest).hash !== hash) return false;
  if (before === undefined) return true;
  return sealed.sequence === before.sequence + 1 && sealed.previousHash === before.hash;
}

function seal(line: Omit<SealedLine, "hash">): SealedLine {
  return { ...line, hash: createHash("sha256").update(canonicalJson(line)).digest("hex") };
}

function readLine(line: string): SealedLine | undefined {
  try {
    return lineSchema.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}
