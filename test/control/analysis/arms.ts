import type { Arm, Second } from "../../../control/analysis/second.ts";
import { BUCKET_COUNT, bucketOf } from "../../../proxy/metrics/histogram.ts";

/** What a version did in a second: each failure of another user, all requests as slow as said. */
export function armOf(requests: number, failures = 0, ms = 10): Arm {
  const counts = new Float64Array(BUCKET_COUNT);
  counts[bucketOf(ms)] = requests;
  const latencies = { counts, from: 0, to: BUCKET_COUNT - 1 };
  return { requests, failures, failingKeys: failures, latencies };
}

/** So many alike seconds of one step. */
export function secondsOf(count: number, second: Partial<Second> & Arms): readonly Second[] {
  return Array.from({ length: count }, (_, index) => {
    return { ageS: index, step: 0, weight: 0.5, ...second };
  });
}

type Arms = { readonly stable: Arm; readonly canary: Arm };
