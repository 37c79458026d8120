import { createHash } from "node:crypto";
import { z } from "zod";
import { errorText } from "../../proxy/base/error-text.ts";
import type { Log } from "../../proxy/base/log.ts";
import { Serial } from "../base/serial.ts";
import { canonicalJson } from "../records/canonical-json.ts";
import { FileLines, MemoryLines } from "../records/line-log.ts";
import type { LineLog } from "../records/line-log.ts";
import type { LookEntry } from "./look-entry.ts";

/** Entries that may wait for the disk: one a second of each rollout. More are dropped, and told. */
const WAITING_MAX = 64;

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
    this.#lines = path === undefined ? new MemoryLines() : new FileLines(path);
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
