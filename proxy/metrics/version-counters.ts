import { BUCKET_COUNT, bucketOf, sparseBuckets } from "./histogram.ts";
import { ATTEMPT_OUTCOMES, CODE_CLASSES } from "./stats.ts";
import type { AttemptOutcome, VersionStats } from "./stats.ts";
import { FlowCounters } from "./flow-counters.ts";
import { TunnelCounters } from "./tunnel-counters.ts";

const OUTCOME_INDEX = Object.fromEntries(
  ATTEMPT_OUTCOMES.map((outcome, index) => [outcome, index]),
) as Readonly<Record<AttemptOutcome, number>>;

/** Statuses of gRPC, 0 to 16, and behind them that there was none. */
const CALL_ENDS = 18;

/** What one version did in this worker. The hot path adds to numbers; rendering is elsewhere. */
export class VersionCounters {
  readonly #codes = new Float64Array(CODE_CLASSES.length);
  readonly #outcomes = new Float64Array(ATTEMPT_OUTCOMES.length);
  readonly #durations = new Float64Array(BUCKET_COUNT);
  #durationSumMs = 0;
  /** By status. undefined: there were no calls of gRPC. */
  #calls: Float64Array | undefined;
  #retries = 0;
  #retriesCrossed = 0;
  ejections = 0;
  tunnelsOpen = 0;
  readonly tunnels = new TunnelCounters();
  readonly flow = new FlowCounters();

  /** An exchange ended. `status`: what the client got, 0 if it went away before it got one. */
  exchange(status: number, durationMs: number): void {
    const codeClass = (status / 100) | 0;
    this.#codes[codeClass] = (this.#codes[codeClass] as number) + 1;
    const bucket = bucketOf(durationMs);
    this.#durations[bucket] = (this.#durations[bucket] as number) + 1;
    this.#durationSumMs += durationMs;
  }

  /** A call of gRPC ended, with the status of this number. -1: without one that gRPC knows. */
  call(status: number): void {
    this.#calls ??= new Float64Array(CALL_ENDS);
    const index = status === -1 ? CALL_ENDS - 1 : status;
    this.#calls[index] = (this.#calls[index] as number) + 1;
  }

  /** An attempt at an endpoint ended. */
  attempt(outcome: AttemptOutcome): void {
    const index = OUTCOME_INDEX[outcome];
    this.#outcomes[index] = (this.#outcomes[index] as number) + 1;
  }

  /** A failed attempt at this version is retried. `crossed`: at another version. */
  retry(crossed: boolean): void {
    if (crossed) this.#retriesCrossed += 1;
    else this.#retries += 1;
  }

  /** Whether there is anything to report. `false`: all counts are 0. */
  get touched(): boolean {
    return (
      this.ejections > 0 ||
      this.tunnelsOpen > 0 ||
      this.#codes.some((count) => count > 0) ||
      this.#outcomes.some((count) => count > 0)
    );
  }

  /** The counts as plain data for the primary. `exchangesOpen`: right now. */
  stats(service: string, version: string, exchangesOpen: number): VersionStats {
    const durations = sparseBuckets(this.#durations);
    return {
      service,
      version,
      codes: [...this.#codes],
      outcomes: [...this.#outcomes],
      retries: this.#retries,
      retriesCrossed: this.#retriesCrossed,
      durations,
      durationSumMs: this.#durationSumMs,
      ejections: this.ejections,
      ...(this.#calls !== undefined && { calls: [...this.#calls] }),
      exchangesOpen,
      tunnelsOpen: this.tunnelsOpen,
    };
  }
}

/** VersionStats.calls of two places, together. */
export function addedCalls(
  one: VersionStats["calls"],
  other: VersionStats["calls"],
): VersionStats["calls"] {
  if (one === undefined || other === undefined) return one ?? other;
  return one.map((count, index) => count + (other[index] ?? 0));
}
