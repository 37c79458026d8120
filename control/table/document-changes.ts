import { isRecord } from "../base/record-of.ts";
import { isDeepStrictEqual } from "node:util";
import { withoutSecrets } from "./hidden-values.ts";
import type { DesiredTable } from "./desired-table.ts";

/** Differences that one text tells: a line of the log stays readable, and short. */
const DIFFERENCES_MAX = 20;

/** Characters of a value that are shown. */
const VALUE_LENGTH_MAX = 80;

/** Keys whose values are not shown, because options of filters may be secrets. */
const HIDDEN: ReadonlySet<string> = new Set(["filters"]);

/** One value that is not as it was. `path`: such as `web.versions.v1.weight`. */
type Difference = { readonly path: string; readonly before: unknown; readonly after: unknown };

/**
 * What differs in some services of two tables, on one line: `web.versions.v1.weight: 90 → 0`. `-`
 * stands for nothing. Long values, and the end of long lists, are left out.
 */
export function changesText(
  before: DesiredTable,
  after: DesiredTable,
  names: readonly string[],
): string {
  const all = names.flatMap((name) => {
    const [from, to] = [before.documents.get(name), after.documents.get(name)];
    if (from === undefined || to === undefined) return [serviceText(name, from === undefined)];
    return differencesOf(name, from, to).map(differenceText);
  });
  const more = all.length - DIFFERENCES_MAX;
  return [...all.slice(0, DIFFERENCES_MAX), ...(more > 0 ? [`and ${more} more`] : [])].join("; ");
}

function serviceText(name: string, isNew: boolean): string {
  return `${name}: ${isNew ? "added" : "removed"}`;
}

/** Objects are compared key by key, everything else as a whole. */
function differencesOf(path: string, before: unknown, after: unknown): Difference[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (!isRecord(before) || !isRecord(after)) return [{ path, before, after }];
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].flatMap((key) => {
    const [from, to] = [valueAt(before, key), valueAt(after, key)];
    const inner = `${path}.${key}`;
    if (key === "routes" && !isDeepStrictEqual(from, to)) {
      return [{ path: inner, before: routesShown(from), after: routesShown(to) }];
    }
    if (!HIDDEN.has(key)) return differencesOf(inner, from, to);
    return isDeepStrictEqual(from, to) ? [] : [{ path: inner, before: "…", after: "…" }];
  });
}

/** Without what their conditions compare with. */
function routesShown(routes: unknown): unknown {
  return valueAt(withoutSecrets({ routes }).value as Readonly<Record<string, unknown>>, "routes");
}

function differenceText({ path, before, after }: Difference): string {
  return `${path}: ${shown(before)} → ${shown(after)}`;
}

function shown(value: unknown): string {
  if (value === undefined) return "-";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > VALUE_LENGTH_MAX ? `${text.slice(0, VALUE_LENGTH_MAX)}…` : text;
}

function valueAt(record: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
