import type { Clock } from "../../proxy/base/clock.ts";

/**
 * What `make` gives, made anew at most every `forMs` milliseconds, however often somebody asks:
 * everybody meanwhile gets the same. What rejects is not remembered, once it has.
 */
export function remembered<Result>(
  make: () => Promise<Result>,
  forMs: number,
  clock: Pick<Clock, "nowMs">,
): () => Promise<Result> {
  let last: { readonly sinceMs: number; readonly result: Promise<Result> } | undefined;
  return () => {
    const nowMs = clock.nowMs();
    if (last !== undefined && nowMs - last.sinceMs < forMs) return last.result;
    const made = { sinceMs: nowMs, result: make() };
    last = made;
    made.result.catch(() => {
      if (last === made) last = undefined;
    });
    return made.result;
  };
}
