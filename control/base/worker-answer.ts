import type { Clock } from "../../proxy/base/clock.ts";
import { orLate } from "../../proxy/base/deadline.ts";
import { WorkerError } from "./errors.ts";

/**
 * A worker's answer, if it comes within `waitMs`. @throws WorkerError naming `who` when it is late.
 */
export function within<Answer>(
  answer: Promise<Answer>,
  who: string,
  waitMs: number,
  clock: Clock,
): Promise<Answer> {
  return orLate(answer, waitMs, clock, () => {
    throw new WorkerError(`${who} did not answer in time`);
  });
}
