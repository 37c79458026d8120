/** The limits in Flagger's documentation. */
const THRESHOLD = 5;
const SUCCESS_MIN_PERCENT = 99;
const P99_MAX_MS = 500;

/**
 * Flagger's rule (pkg/controller/scheduler.go and scheduler_metrics.go at 15bd6ad5): once per
 * interval, roll back if enough checks have failed so far; otherwise check. A failed check halts
 * the rollout and counts for ever; a good one goes on to the next weight. No value is a failed
 * check.
 */
export class Flagger {
  #failedChecks = 0;

  /** At each interval. */
  check(requests: number, failures: number, p99Ms: number): "rollback" | "halt" | "advance" {
    if (this.#failedChecks >= THRESHOLD) return "rollback";
    const success = (100 * (requests - failures)) / requests;
    // NaN, which no requests give, is a failed check.
    const isGood = success >= SUCCESS_MIN_PERCENT && p99Ms <= P99_MAX_MS;
    if (isGood) return "advance";
    this.#failedChecks += 1;
    return "halt";
  }
}
