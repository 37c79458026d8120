import { FORMAT_MAX, FORMATS_MAX, REQUIRES_MAX } from "../config/service-shape.ts";
import type { Compatibility } from "../../proxy/table/compatibility.ts";

/** Keys of an instance's Meta. Consul takes letters, digits, `-` and `_`. */
const READS = "sluice-reads";
const WRITES = "sluice-writes";
const REQUIRES = "sluice-requires";

/** How much of a value that cannot be read is shown. */
const SHOWN_MAX = 60;

/** A service's name, `>=` or `=`, and a version's number, as `compat.requires` takes them. */
const REQUIRED = /^([a-z0-9][\w.-]{0,62}?)\s*(>?=)\s*(\d{1,9}(?:\.\d{1,9}){0,3})$/i;

/** What an instance says of its version. */
export type MetaCompat = {
  /** undefined: nothing that can be read. */
  readonly compat: Compatibility | undefined;
  /** Values that cannot be read, for people; they count as not there. */
  readonly flaws: readonly string[];
};

const NOTHING: MetaCompat = { compat: undefined, flaws: [] };

/**
 * Reads what an instance's Meta says that its version can live beside: `sluice-reads: "1, 2"`,
 * `sluice-writes: "2"`, `sluice-requires: "payments>=3, users=2.1"`. Anything may stand there.
 */
export function compatOfMeta(
  meta: Readonly<Record<string, unknown>> | null | undefined,
): MetaCompat {
  const values = [READS, WRITES, REQUIRES].map((key) => meta?.[key]);
  if (values.every((value) => value === undefined)) return NOTHING;
  const flaws: string[] = [];
  const read = <Result>(key: string, parse: (text: string) => Result | undefined) => {
    const value = meta?.[key];
    if (value === undefined) return undefined;
    const result = typeof value === "string" ? parse(value) : undefined;
    if (result === undefined) flaws.push(`${key} ${shown(value)}`);
    return result;
  };
  const reads = read(READS, formatsIn);
  const writes = read(WRITES, formatIn);
  const requires = read(REQUIRES, requiresIn);
  if (reads === undefined && writes === undefined && requires === undefined) {
    return { compat: undefined, flaws };
  }
  // What it writes it reads, as in a document.
  const readByDefault = writes === undefined ? [] : [writes];
  const compat = { reads: reads ?? readByDefault, writes, requires: requires ?? {} };
  return { compat, flaws };
}

function formatIn(text: string): number | undefined {
  if (!/^\s*\d{1,7}\s*$/.test(text)) return undefined;
  const format = Number(text);
  return format >= 1 && format <= FORMAT_MAX ? format : undefined;
}

function formatsIn(text: string): readonly number[] | undefined {
  return listIn(text, FORMATS_MAX, formatIn);
}

function requiresIn(text: string): Readonly<Record<string, string>> | undefined {
  const entries = listIn(text, REQUIRES_MAX, (part) => {
    const [, service = "", sign, version = ""] = REQUIRED.exec(part.trim()) ?? [];
    if (sign === undefined) return undefined;
    return [service, sign === ">=" ? `>=${version}` : version] as const;
  });
  return entries && Object.fromEntries(entries);
}

/** undefined: there are too many, or one that cannot be read. */
function listIn<Item>(
  text: string,
  max: number,
  parse: (part: string) => Item | undefined,
): readonly Item[] | undefined {
  const items = text.split(",").map(parse);
  const sound = items.filter((item) => item !== undefined);
  return sound.length === items.length && items.length <= max ? sound : undefined;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "";
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
}
