import { hash } from "node:crypto";
import { z } from "zod";
import type { StoredTable } from "../store/store.ts";
import { KV_VALUE_BYTES_MAX } from "../consul/kv.ts";

/** Says whose value this is and how to read it. */
const FORMAT = "sluice-table-1";

/**
 * Largest table in bytes. 8 MiB are some 20 000 services; each sidecar of the fleet reads all of it
 * with each shift.
 */
export const TABLE_BYTES_MAX = 8 * 1024 * 1024;

const wholeSchema = z.strictObject({
  format: z.literal(FORMAT),
  revision: z.int().min(1),
  services: z.record(z.string(), z.looseObject({})),
});

const headSchema = z.strictObject({
  format: z.literal(FORMAT),
  revision: z.int().min(1),
  /** Keys below the head's that hold the text in order. */
  parts: z.array(z.string()).min(1),
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

/** Why a value is not a table, in words for operators. */
export type Unreadable = { readonly kind: "unreadable"; readonly reason: string };

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

/** Reads the value of the table's key. */
export function readHead(text: string): TableHead | Unreadable {
  const value = parseJson(text);
  if (value === undefined) return unreadable("it is not JSON");
  const whole = wholeSchema.safeParse(value);
  if (whole.success) return { kind: "whole", table: toTable(whole.data) };
  const head = headSchema.safeParse(value);
  if (head.success) return { kind: "split", ...head.data };
  return unreadable(z.prettifyError(whole.error).replaceAll("\n", " "));
}

/** Joins the parts of a split table. undefined among them: one is missing. */
export function joinParts(
  head: Extract<TableHead, { kind: "split" }>,
  parts: readonly (string | undefined)[],
): StoredTable | Unreadable {
  const text = parts.join("");
  if (hash("sha256", text) !== head.sha256) return unreadable("a part is missing or damaged");
  const whole = wholeSchema.safeParse(parseJson(text));
  return whole.success ? toTable(whole.data) : unreadable("its parts do not make a table");
}

/** The revision in a part's name. undefined: not a name that writeTable makes. */
export function partRevision(name: string): number | undefined {
  const [, revision] = /^(\d+)-[0-9a-f]{16}-/.exec(name) ?? [];
  return revision === undefined ? undefined : Number(revision);
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
