import { isDeepStrictEqual } from "node:util";
import { recordOf } from "../base/record-of.ts";
import { canonicalJson } from "./canonical-json.ts";

/** What of two documents is not the same in both. */
export type Differences = { readonly before: unknown; readonly after: unknown };

/**
 * What differs between two JSON values. Objects are compared key by key, down to what differs:
 * `{"versions":{"v1":{"weight":90}}}`. Of two lists only the elements that the other lacks remain,
 * and both lists whole if only their order differs. A value that stands on one side only is there
 * whole; undefined: nothing.
 */
export function differencesBetween(before: unknown, after: unknown): Differences {
  if (isDeepStrictEqual(before, after)) return { before: undefined, after: undefined };
  if (Array.isArray(before) && Array.isArray(after)) return ofLists(before, after);
  if (!isRecord(before) || !isRecord(after)) return { before, after };
  const was: [string, unknown][] = [];
  const is: [string, unknown][] = [];
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const inner = differencesBetween(own(before, key), own(after, key));
    if (inner.before !== undefined) was.push([key, inner.before]);
    if (inner.after !== undefined) is.push([key, inner.after]);
  }
  return { before: recordOf(was), after: recordOf(is) };
}

/** By their texts: a list of thousands of endpoints is compared in one go. */
function ofLists(before: readonly unknown[], after: readonly unknown[]): Differences {
  const rest = { before: without(before, after), after: without(after, before) };
  const isOrder = rest.before.length === 0 && rest.after.length === 0;
  return isOrder ? { before, after } : rest;
}

function without(list: readonly unknown[], other: readonly unknown[]): readonly unknown[] {
  const others = new Map<string, number>();
  for (const each of other) {
    const text = canonicalJson(each);
    others.set(text, (others.get(text) ?? 0) + 1);
  }
  return list.filter((each) => {
    const text = canonicalJson(each);
    const left = others.get(text) ?? 0;
    if (left > 0) others.set(text, left - 1);
    return left === 0;
  });
}

function own(record: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
