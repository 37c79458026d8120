import { errorText } from "../../proxy/base/error-text.ts";
import { ATTEMPT_OUTCOMES } from "../../proxy/metrics/stats.ts";
import type { Arm } from "../analysis/second.ts";
import type { VersionTotals, WorkerTotals } from "../views/worker-totals.ts";
import type { Counting, Observations, CountsTaken } from "./observations.ts";

/** What the version is to blame for: a fault of our own is not. */
const FAILURES = ["connect", "reset", "timeout", "5xx"] as const;
const LOCAL = ATTEMPT_OUTCOMES.indexOf("local");

/** The sums of both versions. */
type Sums = { readonly stable: VersionTotals; readonly canary: VersionTotals };

/**
 * Seconds of this sidecar alone, as differences of its workers' counters from one second to the
 * next. Attempts count, retries too; who failed is not known, so each failure counts as somebody
 * else's. When nobody is asked, nothing is counted.
 */
export class SampledCounts implements Observations {
  readonly #totals: () => Promise<WorkerTotals>;

  /** `totals` rejects when a worker does not answer. */
  constructor(totals: () => Promise<WorkerTotals>) {
    this.#totals = totals;
  }

  begin(service: string, versions: { readonly stable: string; readonly canary: string }): Counting {
    return new SampledCounting(async () => {
      const totals = await this.#totals();
      const { stable, canary } = versions;
      return { stable: totals.version(service, stable), canary: totals.version(service, canary) };
    });
  }
}

class SampledCounting implements Counting {
  readonly #sums: () => Promise<Sums>;
  /** undefined: the next sums are where it begins. */
  #before: Sums | undefined;

  constructor(sums: () => Promise<Sums>) {
    this.#sums = sums;
  }

  async take(): Promise<CountsTaken> {
    try {
      const before = this.#before;
      const now = await this.#sums();
      // Somebody has begun afresh meanwhile: then these sums are of both.
      const isOfOne = this.#before === before;
      this.#before = now;
      const second = isOfOne ? secondBetween(before, now) : undefined;
      return { kind: "seconds", seconds: second === undefined ? [] : [second], seen: 1, of: 1 };
    } catch (error) {
      return { kind: "missing", reason: errorText(error) };
    }
  }

  restart(): void {
    this.#before = undefined;
  }

  end(): void {
    this.#before = undefined;
  }
}

/** undefined: it cannot be told, as counters began again in between. */
function secondBetween(
  before: Sums | undefined,
  now: Sums,
): { readonly stable: Arm; readonly canary: Arm } | undefined {
  if (before === undefined) return undefined;
  const stable = armBetween(before.stable, now.stable);
  const canary = armBetween(before.canary, now.canary);
  return stable && canary && { stable, canary };
}

function armBetween(before: VersionTotals, now: VersionTotals): Arm | undefined {
  const outcomes = grown(before.outcomes, now.outcomes);
  const counts = grown(before.durations, now.durations);
  if (outcomes === undefined || counts === undefined) return undefined;
  const ended = outcomes.reduce((sum, each) => sum + each, 0);
  const failures = FAILURES.reduce((sum, each) => {
    return sum + (outcomes[ATTEMPT_OUTCOMES.indexOf(each)] ?? 0);
  }, 0);
  const from = Math.max(
    0,
    counts.findIndex((count) => count > 0),
  );
  const to = counts.findLastIndex((count) => count > 0);
  const requests = ended - (outcomes[LOCAL] ?? 0);
  return { requests, failures, failingKeys: failures, latencies: { counts, from, to } };
}

/** Each by how much. undefined: one has become less. */
function grown(before: readonly number[], now: readonly number[]): number[] | undefined {
  const more = now.map((count, index) => count - (before[index] ?? 0));
  return more.some((each) => each < 0) ? undefined : more;
}
