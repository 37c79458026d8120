import { createHash } from "node:crypto";
import { z } from "zod";
import type { ServiceDocument } from "../config/service-schema.ts";
import { StoreError } from "../base/errors.ts";
import type { StoredTable } from "./store.ts";

/** Tells our files from other JSON files. */
const FORMAT = "sluice-table";

/** Raised when earlier sidecars can no longer read the file. */
const FORMAT_VERSION = 1;

const header = z.object({ format: z.literal(FORMAT), formatVersion: z.int() });

const body = z.object({
  revision: z.int().min(1),
  checksum: z.string(),
  services: z.record(z.string(), z.unknown()),
});

/** The text of a table's file. */
export function encodeTable(table: StoredTable): string {
  const { revision, services } = table;
  const checksum = checksumOf(revision, services);
  const file = { format: FORMAT, formatVersion: FORMAT_VERSION, revision, checksum, services };
  return `${JSON.stringify(file, undefined, 2)}\n`;
}

/**
 * Reads what encodeTable() wrote; `path` is for the error.
 * @throws StoreError store_torn when the text is damaged, store_foreign when it is something else
 *   or of a newer format.
 */
export function decodeTable(text: string, path: string): StoredTable {
  const document = parse(text, path);
  const start = header.safeParse(document);
  if (!start.success) {
    throw new StoreError("store_foreign", `Cannot read ${path}: it is not a table of Sluice`);
  }
  const { formatVersion } = start.data;
  if (formatVersion !== FORMAT_VERSION) {
    const versions = `wanted format version ${FORMAT_VERSION}, found ${formatVersion}`;
    throw new StoreError("store_foreign", `Cannot read ${path}: ${versions}`);
  }
  const rest = body.safeParse(document);
  if (!rest.success) throw torn(path, "a part of it is missing");
  const { revision, checksum, services } = rest.data;
  if (checksum !== checksumOf(revision, services)) throw torn(path, "its checksum is wrong");
  return { revision, services: services as Readonly<Record<string, ServiceDocument>> };
}

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw torn(path, text === "" ? "it is empty" : "it is not whole JSON", { cause: error });
  }
}

function torn(path: string, reason: string, options?: ErrorOptions): StoreError {
  return new StoreError(
    "store_torn",
    `Cannot read ${path}: ${reason}; it was left as it is`,
    options,
  );
}

/** Protects against a half-written file and an editing mistake, not against an attacker. */
function checksumOf(revision: number, services: Readonly<Record<string, unknown>>): string {
  const text = JSON.stringify([revision, services]);
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}
