import { BUCKET_COUNT, bucketOf } from "./histogram.ts";
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
    const firstBytes: [number, number][] = [];
    this.#firstBytes?.forEach((count, bucket) => {
      if (count > 0) firstBytes.push([bucket, count]);
    });
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

/** Counts by bucket, sparse, of two places. */
export function addedBuckets(
  one: readonly (readonly [number, number])[],
  other: readonly (readonly [number, number])[],
): readonly (readonly [number, number])[] {
  const sums = new Map(one);
  for (const [bucket, count] of other) sums.set(bucket, (sums.get(bucket) ?? 0) + count);
  return [...sums];
}
