import type { Clock } from "../../proxy/base/clock.ts";

type Made<Result> = {
  readonly sinceMs: number;
  readonly result: Promise<Result>;
  isPending: boolean;
};

/**
 * What `make` gives, made anew at most every `forMs` milliseconds, however often somebody asks, and
 * never twice at once, however long it takes: everybody meanwhile gets the same. 0: it is shared by
 * those alone who ask while it is made. What rejects is not remembered, once it has.
 */
export function remembered<Result>(
  make: () => Promise<Result>,
  forMs: number,
  clock: Pick<Clock, "nowMs">,
): () => Promise<Result> {
  let last: Made<Result> | undefined;
  return () => {
    const nowMs = clock.nowMs();
    if (last !== undefined && (last.isPending || nowMs - last.sinceMs < forMs)) return last.result;
    const made: Made<Result> = { sinceMs: nowMs, result: make(), isPending: true };
    last = made;
    const ended = (): void => void (made.isPending = false);
    made.result.then(ended, () => {
      ended();
      if (last === made) last = undefined;
    });
    return made.result;
  };
}
