import { quantileMs } from "../../proxy/metrics/histogram.ts";
import type { Arm } from "../analysis/second.ts";
import type { Why } from "./why.ts";

/** Limits of the canary, whatever stable does. undefined: there is none. */
export type GuardRails = {
  /** Of its error rate, 0 … 1. */
  readonly errorRateMax: number | undefined;
  /** Of the 99th percentile of its durations, in milliseconds. */
  readonly p99MsMax: number | undefined;
};

/** Seconds that are looked at: a hiccup of one second is no breach. */
export const GUARD_WINDOW_S = 30;

/** With fewer requests in them a rate says nothing, */
const REQUESTS_MIN = 20;
/** and with fewer a 99th percentile is only the slowest of all. */
const REQUESTS_FOR_P99_MIN = 299;

/** The limit that the canary breaks in its last seconds. undefined: none. */
export function breachOf(rails: GuardRails, recent: readonly Arm[]): Why | undefined {
  const requests = recent.reduce((sum, arm) => sum + arm.requests, 0);
  const failures = recent.reduce((sum, arm) => sum + arm.failures, 0);
  const { errorRateMax, p99MsMax } = rails;
  if (errorRateMax !== undefined && requests >= REQUESTS_MIN) {
    const rate = failures / requests;
    const text = `${failures} of ${requests} requests failed, the limit is ${100 * errorRateMax} %`;
    if (rate > errorRateMax) return { rule: "guard-rail", text };
  }
  if (p99MsMax === undefined || requests < REQUESTS_FOR_P99_MIN) return undefined;
  const p99Ms = quantileMs(addedUp(recent), 0.99);
  if (p99Ms <= p99MsMax) return undefined;
  const text = `p99 is ${Math.round(p99Ms)} ms, the limit is ${p99MsMax} ms`;
  return { rule: "guard-rail", text };
}

function addedUp(recent: readonly Arm[]): number[] {
  const sums: number[] = [];
  for (const { latencies } of recent) {
    for (let bucket = latencies.from; bucket <= latencies.to; bucket += 1) {
      sums[bucket] = (sums[bucket] ?? 0) + (latencies.counts[bucket] ?? 0);
    }
  }
  return Array.from(sums, (count) => count ?? 0);
}
