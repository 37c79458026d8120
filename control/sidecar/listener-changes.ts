import { isDeepStrictEqual } from "node:util";
import type { ListenerSnapshot } from "../../proxy/table/snapshot.ts";

/** What a new configuration means for the listeners. */
export type ListenerChanges = {
  /** New ones, and those that have changed, which keep their old socket. */
  readonly opened: readonly { readonly listener: ListenerSnapshot; readonly isNew: boolean }[];
  /** The binds of those that are gone. */
  readonly closed: readonly string[];
};

/** Compares listeners, whose identity is their bind. */
export function listenerChanges(
  before: readonly ListenerSnapshot[],
  next: readonly ListenerSnapshot[],
): ListenerChanges {
  const old = new Map(before.map((listener) => [listener.bind, listener]));
  const kept = new Set(next.map(({ bind }) => bind));
  const opened = next
    .filter((listener) => !isDeepStrictEqual(old.get(listener.bind), listener))
    .map((listener) => ({ listener, isNew: !old.has(listener.bind) }));
  return { opened, closed: [...old.keys()].filter((bind) => !kept.has(bind)) };
}
