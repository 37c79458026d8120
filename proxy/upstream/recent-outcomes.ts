import type { EjectionPolicy } from "../table/endpoint-policy.ts";

/** How much worse than the others of its version an endpoint must be, so that it is to blame. */
const BLAME_FACTOR = 2;

/**
 * How attempts ended of late: in this half of a window and in the half before. Halves begin at the
 * same moments for all that have the same window, so that counts can be subtracted.
 */
export class RecentOutcomes {
  attempts = 0;
  failures = 0;
  #half = 0;
  #attemptsBefore = 0;
  #failuresBefore = 0;

  /** One attempt ended at `nowMs`. `windowMs`: above 0. */
  count(nowMs: number, windowMs: number, isFailure: boolean): void {
    const half = Math.floor((nowMs * 2) / windowMs);
    if (half !== this.#half) this.#turn(half);
    this.attempts += 1;
    if (isFailure) this.failures += 1;
  }

  /** What was counted is forgotten. */
  clear(): void {
    this.attempts = 0;
    this.failures = 0;
    this.#attemptsBefore = 0;
    this.#failuresBefore = 0;
  }

  /** What was counted in the half before is forgotten, or all of it if that was longer ago. */
  #turn(half: number): void {
    this.attempts -= this.#attemptsBefore;
    this.failures -= this.#failuresBefore;
    if (half !== this.#half + 1) this.clear();
    this.#attemptsBefore = this.attempts;
    this.#failuresBefore = this.failures;
    this.#half = half;
  }
}

/**
 * Whether an endpoint fails so often that it is to be ejected: `failurePercent` or more of
 * `samples` attempts or more, and twice as often as the others of its version (`all` includes it),
 * which must have had as many. When all fail alike, something behind them does, and ejection would
 * help nobody. `failurePercent` 0: never.
 */
export function failsTooOften(
  own: Pick<RecentOutcomes, "attempts" | "failures">,
  all: Pick<RecentOutcomes, "attempts" | "failures">,
  { failurePercent, samples }: EjectionPolicy,
): boolean {
  if (failurePercent === 0 || own.attempts < samples) return false;
  if (own.failures * 100 < failurePercent * own.attempts) return false;
  const attempts = all.attempts - own.attempts;
  const failures = all.failures - own.failures;
  return attempts >= samples && own.failures * attempts >= BLAME_FACTOR * failures * own.attempts;
}
