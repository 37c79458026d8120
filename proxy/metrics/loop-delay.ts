import { BUCKET_COUNT, bucketOf, sparseBuckets } from "./histogram.ts";
import type { LoopDelayCounts } from "./stats.ts";

/** How often the delay is looked at. */
export const LOOK_MS = 100;

/**
 * How late the event loop is: each look counts by how much it came later than it was due. What
 * makes it late makes every request late.
 */
export class LoopDelay {
  readonly #counts = new Float64Array(BUCKET_COUNT);
  #sumMs = 0;
  #dueMs: number;

  /** `nowMs`: monotonic. */
  constructor(nowMs: number) {
    this.#dueMs = nowMs + LOOK_MS;
  }

  /** Called every LOOK_MS, as far as the loop lets that happen. */
  look(nowMs: number): void {
    const lateMs = Math.max(0, nowMs - this.#dueMs);
    const bucket = bucketOf(lateMs);
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1;
    this.#sumMs += lateMs;
    this.#dueMs = nowMs + LOOK_MS;
  }

  /** The counts as plain data. */
  counts(): LoopDelayCounts {
    const delays = sparseBuckets(this.#counts);
    return { delays, sumMs: this.#sumMs };
  }
}
