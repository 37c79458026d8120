import type { Machine } from "./system/machine.ts";

/** One measurement of a closed loop: one contender, one scenario, one round. */
export type LoadSample = {
  readonly contender: string;
  readonly scenario: string;
  readonly round: number;
  readonly tool: string;
  readonly requests: number;
  readonly perSecond: number;
  readonly errors: number;
  /** The contender's processor time per request, in microseconds. 0 for `direct`. */
  readonly userUs: number;
  readonly systemUs: number;
};

/** One measurement of an open loop. Latencies in microseconds. */
export type LatencySample = {
  readonly contender: string;
  readonly round: number;
  readonly requestsPerSecond: number;
  readonly errors: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  readonly lateP99Us: number;
};

/** Memory of one fresh start of a contender, proportional set size. */
export type MemorySample = {
  readonly contender: string;
  readonly round: number;
  /** After a few requests. */
  readonly idleBytes: number;
  /** Added by each keep-alive connection that rests. */
  readonly perConnectionBytes: number;
  /** Added by each connection whose answer is not read. */
  readonly perUnreadBytes: number;
  /** Added by each keep-alive connection over TLS that rests. Absent: it speaks none here. */
  readonly perTlsConnectionBytes?: number;
  /** The same by HTTP/2, in clear and over TLS. */
  readonly perH2cConnectionBytes?: number;
  readonly perH2ConnectionBytes?: number;
};

/** Times of shifts through the API, from the call to its answer, in milliseconds. */
export type ShiftSample = {
  readonly round: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
};

/** A contender of the table that took no part in a run. */
export type Missing = { readonly contender: string; readonly why: string };

/** Everything that one run found, as `--json` writes it. */
export type Results = {
  readonly startedAt: string;
  readonly machine: Machine;
  /** Share (0 … 1) of the machine that its hypervisor gave to others during the run. */
  readonly stolenShare: number;
  readonly origin: string;
  readonly command: string;
  /** Version of each contender that took part, and how it is configured. */
  readonly contenders: Readonly<Record<string, { readonly version: string; readonly how: string }>>;
  readonly missing: readonly Missing[];
  readonly loads: readonly LoadSample[];
  readonly latencies: readonly LatencySample[];
  readonly memory: readonly MemorySample[];
  readonly shifts: readonly ShiftSample[];
};
