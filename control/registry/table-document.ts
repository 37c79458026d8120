import { hash } from "node:crypto";
import { z } from "zod";
import { SERVICES_MAX } from "../config/config-shape.ts";
import type { StoredTable } from "../store/store.ts";
import { KV_VALUE_BYTES_MAX } from "../consul/kv.ts";

/** Says whose value this is and how to read it. */
const FORMAT = "sluice-table-1";

/**
 * Largest table in bytes. 8 MiB are some 20 000 services; each sidecar of the fleet reads all of it
 * with each shift.
 */
export const TABLE_BYTES_MAX = 8 * 1024 * 1024;

/**
 * Last revision that a table may have. Nobody gets there by writing, and somebody who puts a larger
 * one there would leave the next writers no numbers: they are exact up to twice as much.
 */
export const REVISION_MAX = 2 ** 52;

/**
 * Most parts of a table that are read: what TABLE_BYTES_MAX needs if a writer makes them a fourth
 * as large as we do. Each is a question to Consul.
 */
const PARTS_MAX = 64;

const revisionSchema = z.int().min(1).max(REVISION_MAX);

const wholeSchema = z.strictObject({
  format: z.literal(FORMAT),
  revision: revisionSchema,
  services: z.record(z.string(), z.looseObject({})),
});

const headSchema = z.strictObject({
  format: z.literal(FORMAT),
  revision: revisionSchema,
  /** Keys below the head's that hold the text in order. */
  parts: z.array(z.string()).min(1).max(PARTS_MAX),
  /** SHA-256 of the whole text, so that nobody acts on a mixture of two tables. */
  sha256: z.string(),
});

/** The value of the table's key: the table itself, or where its parts are. */
export type TableHead =
  | { readonly kind: "whole"; readonly table: StoredTable }
  | {
      readonly kind: "split";
      readonly revision: number;
      readonly parts: readonly string[];
      readonly sha256: string;
    };

/**
 * What to write for a table: first the parts, under names that nobody has used yet, then the head.
 */
export type TableDocument = {
  readonly head: string;
  readonly parts: readonly { readonly name: string; readonly text: string }[];
};

/** A table as it stood in KV. */
export type FoundTable = {
  readonly table: StoredTable;
  readonly document: TableDocument;
  /** Whether its head has a signature. */
  readonly isSigned: boolean;
};

/** Why a value is not a table, in words for operators. */
export type Unreadable = { readonly kind: "unreadable"; readonly reason: string };

/** Flaws of a value that are told: all 16 384 services may have one. */
const FLAWS_MAX = 3;

const TOO_LARGE = unreadable(`it is larger than ${TABLE_BYTES_MAX} bytes`);
const DAMAGED = unreadable("a part is missing or damaged");

/**
 * Writes a table as one key, or as several where Consul's limit for a value demands it (a
 * transaction would not help: it has the same limit as one value). `writer` makes the parts' names
 * its own. undefined: the table is larger than TABLE_BYTES_MAX.
 */
export function writeTable(table: StoredTable, writer: string): TableDocument | undefined {
  const { revision, services } = table;
  const head = JSON.stringify({ format: FORMAT, revision, services }, undefined, 1);
  const bytes = Buffer.byteLength(head);
  if (bytes > TABLE_BYTES_MAX) return undefined;
  if (bytes <= KV_VALUE_BYTES_MAX) return { head, parts: [] };
  const text = JSON.stringify({ format: FORMAT, revision, services });
  const sha256 = hash("sha256", text);
  const parts = splitText(text, KV_VALUE_BYTES_MAX).map((part, index) => ({
    name: `${revision}-${sha256.slice(0, 16)}-${writer}-${index}`,
    text: part,
  }));
  const names = parts.map((part) => part.name);
  return { head: JSON.stringify({ format: FORMAT, revision, parts: names, sha256 }), parts };
}

/** Reads the value of the table's key. Its cost has a bound, whatever somebody has put there. */
export function readHead(text: string): TableHead | Unreadable {
  if (Buffer.byteLength(text) > TABLE_BYTES_MAX) return TOO_LARGE;
  const value = parseJson(text);
  if (value === undefined) return unreadable("it is not JSON");
  if (!isSplit(value)) return readWhole(value, (table) => ({ kind: "whole", table }));
  if (value.parts.length > PARTS_MAX) {
    return unreadable(`wanted at most ${PARTS_MAX} parts, found ${value.parts.length}`);
  }
  const head = headSchema.safeParse(value);
  return head.success ? { kind: "split", ...head.data } : unreadable(flawsOf(head.error));
}

/** Joins the parts of a split table, which `read` gives one by one. undefined: one is missing. */
export async function joinParts(
  head: Extract<TableHead, { kind: "split" }>,
  read: (name: string) => Promise<string | undefined>,
): Promise<StoredTable | Unreadable> {
  const parts: string[] = [];
  let bytes = 0;
  for (const name of head.parts) {
    const part = await read(name);
    if (part === undefined) return DAMAGED;
    bytes += Buffer.byteLength(part);
    if (bytes > TABLE_BYTES_MAX) return TOO_LARGE;
    parts.push(part);
  }
  const text = parts.join("");
  if (hash("sha256", text) !== head.sha256) return DAMAGED;
  const table = readWhole(parseJson(text), (whole) => whole);
  return "reason" in table ? unreadable(`its parts: ${table.reason}`) : table;
}

/** The revision in a part's name. undefined: not a name that writeTable makes. */
export function partRevision(name: string): number | undefined {
  const [, revision] = /^(\d+)-[0-9a-f]{16}-/.exec(name) ?? [];
  const number = Number(revision);
  return number <= REVISION_MAX ? number : undefined;
}

/** Splits into pieces of at most `bytesMax` UTF-8 bytes, never inside a character. */
export function splitText(text: string, bytesMax: number): readonly string[] {
  const bytes = Buffer.from(text, "utf8");
  const pieces: string[] = [];
  for (let start = 0; start < bytes.length;) {
    let end = Math.min(bytes.length, start + bytesMax);
    // 10xxxxxx continues a character (RFC 3629 section 3).
    while (end < bytes.length && ((bytes[end] as number) & 0xc0) === 0x80) end -= 1;
    pieces.push(bytes.toString("utf8", start, end));
    start = end;
  }
  return pieces;
}

/** Counts services before the schema looks at each of them, and whoever applies the table. */
function readWhole<Read>(value: unknown, use: (table: StoredTable) => Read): Read | Unreadable {
  const { services } = Object(value) as { readonly services?: unknown };
  const count = Object.keys(Object(services)).length;
  if (count > SERVICES_MAX) {
    return unreadable(`wanted at most ${SERVICES_MAX} services, found ${count}`);
  }
  const whole = wholeSchema.safeParse(value);
  return whole.success ? use(toTable(whole.data)) : unreadable(flawsOf(whole.error));
}

function isSplit(value: unknown): value is { readonly parts: readonly unknown[] } {
  return Array.isArray((Object(value) as { readonly parts?: unknown }).parts);
}

/** The first flaws: the others are likely of the same kind. */
function flawsOf(error: z.ZodError): string {
  const more = error.issues.length - FLAWS_MAX;
  const text = z.prettifyError({ issues: error.issues.slice(0, FLAWS_MAX) });
  return `${text.replaceAll("\n", " ")}${more > 0 ? ` and ${more} more` : ""}`;
}

function toTable(read: z.output<typeof wholeSchema>): StoredTable {
  // A store does not validate services: whoever loads them does.
  return {
    revision: read.revision,
    services: read.services as unknown as StoredTable["services"],
  };
}

function unreadable(reason: string): Unreadable {
  return { kind: "unreadable", reason };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
