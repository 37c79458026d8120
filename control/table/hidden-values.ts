import { ValidationError } from "../base/errors.ts";
import type { Problem } from "../base/errors.ts";
import { isRecord, recordOf } from "../base/record-of.ts";
import { withReferencesAlone } from "../config/environment.ts";
import { pathText } from "../config/problems.ts";

/** What stands in the place of a value that whoever reads may not see. */
const HIDDEN_VALUE = "(hidden)";

/** Values that may be looked at, and whether some are missing. */
export type PartShown = { readonly value: unknown; readonly isWhole: boolean };

/**
 * A service, or the part of one that is in the audit log, without what may be a secret: options of
 * filters, what routes compare headers, queries and cookies with and put into fields, and what
 * health checks send. Keys and `${NAME}` stay.
 */
export function withoutSecrets(part: unknown): PartShown {
  const value = edited(part, {
    filters: filtersShown,
    routes: routesShown,
    healthCheck: checkShown,
  });
  return { value, isWhole: JSON.stringify(value) === JSON.stringify(part) };
}

/**
 * Makes sure that a document was not read by somebody who could not see all of it: what was hidden
 * would be lost. @throws ValidationError
 */
export function assertNothingHidden(subject: string, document: unknown): void {
  const problems: Problem[] = hiddenIn(document, []).map((path) => ({
    path: pathText(path),
    wanted: "the value itself",
    found: `${JSON.stringify(HIDDEN_VALUE)}, which stands for one that its reader may not see`,
  }));
  if (problems.length > 0) throw new ValidationError(subject, problems);
}

type Edits = Readonly<Record<string, (value: unknown) => unknown>>;

/** An object with other values under some of its keys; anything else as it is. */
function edited(value: unknown, edits: Edits): unknown {
  if (!isRecord(value)) return value;
  return recordOf(
    Object.entries(value).map(([key, inner]) => {
      const edit = Object.hasOwn(edits, key) ? edits[key] : undefined;
      return [key, edit === undefined ? inner : edit(inner)] as const;
    }),
  );
}

/** Where it sends a password to be let in. */
function checkShown(check: unknown): unknown {
  return edited(check, { send: hidden });
}

function filtersShown(filters: unknown): unknown {
  return eachOf(filters, { options: hidden });
}

function routesShown(routes: unknown): unknown {
  const edits = { request: editsShown, response: editsShown };
  return eachOf(routes, { match: matchShown, ...edits });
}

/** What endpoints get in a field may be a credential. */
function editsShown(edits: unknown): unknown {
  return edited(edits, { set: hidden, add: hidden });
}

function matchShown(match: unknown): unknown {
  return edited(match, { headers: hidden, query: hidden, cookies: hidden });
}

function eachOf(list: unknown, edits: Edits): unknown {
  return Array.isArray(list) ? list.map((each) => edited(each, edits)) : list;
}

/** The same structure without values: true, false and nothing are no secrets. */
function hidden(value: unknown): unknown {
  if (typeof value === "string") return withReferencesAlone(value, HIDDEN_VALUE);
  if (typeof value === "number") return HIDDEN_VALUE;
  if (Array.isArray(value)) return value.map(hidden);
  if (!isRecord(value)) return value;
  return recordOf(Object.entries(value).map(([key, inner]) => [key, hidden(inner)] as const));
}

function hiddenIn(value: unknown, path: readonly PropertyKey[]): (readonly PropertyKey[])[] {
  if (typeof value === "string") return value.includes(HIDDEN_VALUE) ? [path] : [];
  if (Array.isArray(value)) return value.flatMap((each, at) => hiddenIn(each, [...path, at]));
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => hiddenIn(inner, [...path, key]));
}
