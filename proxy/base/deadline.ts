import type { Clock } from "./clock.ts";

/**
 * The result of `work` or, when that takes longer than `waitMs`, what `late` returns or throws. The
 * work itself continues, but nobody hears of it any more. @throws the reason of `signal` when it is
 * aborted first.
 */
export async function orLate<Result, Late>(
  work: Promise<Result>,
  waitMs: number,
  clock: Clock,
  late: () => Late,
  signal?: AbortSignal,
): Promise<Result | Late> {
  const decided = new AbortController();
  const ends = signal === undefined ? decided.signal : AbortSignal.any([decided.signal, signal]);
  const over = clock.sleep(waitMs, ends).then(late);
  try {
    return await Promise.race([work, over]);
  } finally {
    decided.abort();
  }
}
