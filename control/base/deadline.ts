import type { Clock } from "../../proxy/base/clock.ts";
import { WorkerError } from "./errors.ts";

/**
 * A worker's answer, if it comes within `waitMs`. @throws WorkerError naming `who` when it is late.
 */
export async function within<Answer>(
  answer: Promise<Answer>,
  who: string,
  waitMs: number,
  clock: Clock,
): Promise<Answer> {
  const answered = new AbortController();
  const tooLate = clock.sleep(waitMs, answered.signal).then(
    () => Promise.reject(new WorkerError(`${who} did not answer in time`)),
    // Aborted: the answer has won the race, whatever this would give.
    () => new Promise<never>(() => undefined),
  );
  try {
    return await Promise.race([answer, tooLate]);
  } finally {
    answered.abort();
  }
}
