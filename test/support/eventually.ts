import { setTimeout as sleep } from "node:timers/promises";

/** How often a condition is checked. */
const INTERVAL_MS = 10;

/** Tries `check` until it no longer throws. @throws its last error after `timeoutMs`. */
export async function eventually<Result>(
  check: () => Result | Promise<Result>,
  timeoutMs = 5_000,
): Promise<Result> {
  const deadlineMs = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > deadlineMs) throw error;
      await sleep(INTERVAL_MS);
    }
  }
}
