import { BUCKET_COUNT, addedBuckets, bucketOf, sparseBuckets } from "./histogram.ts";
import type { FlowCounts } from "./stats.ts";

/** What went through the exchanges of one version, and when answers began, in this worker. */
export class FlowCounters {
  #bytesIn = 0;
  #bytesOut = 0;
  /** Made for the first one: most versions of a large table never have any. */
  #firstBytes: Float64Array | undefined;
  #firstByteSumMs = 0;

  /** An exchange ended. Bytes are those of bodies. `firstByteMs`: -1: no answer began. */
  ended(bytesIn: number, bytesOut: number, firstByteMs: number): void {
    this.#bytesIn += bytesIn;
    this.#bytesOut += bytesOut;
    if (firstByteMs < 0) return;
    this.#firstBytes ??= new Float64Array(BUCKET_COUNT);
    const bucket = bucketOf(firstByteMs);
    this.#firstBytes[bucket] = (this.#firstBytes[bucket] as number) + 1;
    this.#firstByteSumMs += firstByteMs;
  }

  /** The counts as plain data. */
  counts(): FlowCounts {
    const firstBytes = sparseBuckets(this.#firstBytes);
    return {
      bytesIn: this.#bytesIn,
      bytesOut: this.#bytesOut,
      firstBytes,
      firstByteSumMs: this.#firstByteSumMs,
    };
  }
}

/** The counts of two places, together. */
export function addedFlows(one: FlowCounts, other: FlowCounts): FlowCounts {
  return {
    bytesIn: one.bytesIn + other.bytesIn,
    bytesOut: one.bytesOut + other.bytesOut,
    firstBytes: addedBuckets(one.firstBytes, other.firstBytes),
    firstByteSumMs: one.firstByteSumMs + other.firstByteSumMs,
  };
}
