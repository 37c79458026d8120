import { createHash } from "node:crypto";
import { z } from "zod";
import { canonicalJson } from "./canonical-json.ts";
import { LINE_BYTES_MAX } from "./line-log.ts";

/** What the first entry names as the hash before it. */
const NO_HASH = "0".repeat(64);

/** The end of a log that has no entry. */
export const NO_ENTRY: AuditHead = { sequence: 0, hash: NO_HASH };

/** Characters of documents in one entry: with all that stands beside them, a line has room. */
const DOCUMENTS_LENGTH_MAX = LINE_BYTES_MAX / 4;

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

/** A fact with its place in the chain becomes an entry. */
export function sealEntry(entry: Omit<AuditEntry, "hash">): AuditEntry {
  return { ...entry, hash: createHash("sha256").update(canonicalJson(entry)).digest("hex") };
}

/** A fact that fits into a line: of documents that are too large only size and hash are kept. */
export function shortFact(fact: AuditFact): AuditFact {
  const { before, after } = fact;
  if (lengthOf(before) + lengthOf(after) <= DOCUMENTS_LENGTH_MAX) return fact;
  return { ...fact, before: summaryOf(before), after: summaryOf(after) };
}

/** Only what a head is of. */
export function headOf({ sequence, hash }: AuditHead): AuditHead {
  return { sequence, hash };
}

/** Whether an entry is the one after `tail`, and holds what its hash says. */
export function followsHead(entry: AuditEntry, tail: AuditHead): boolean {
  const { hash, ...rest } = entry;
  const isNext = entry.sequence === tail.sequence + 1 && entry.previousHash === tail.hash;
  return isNext && sealEntry(rest).hash === hash;
}

/** undefined: the line is not a whole entry. */
export function readAuditEntry(line: string): AuditEntry | undefined {
  try {
    return entrySchema.parse(JSON.parse(line)) as AuditEntry;
  } catch {
    return undefined;
  }
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
