/** Requests, and those of them that failed. */
export type Counts = { readonly requests: number; readonly failures: number };

/**
 * Requests by bucket of proxy/metrics/histogram.ts. Buckets outside `from` … `to` (both inclusive)
 * hold nothing.
 */
export type Latencies = {
  readonly counts: ArrayLike<number>;
  readonly from: number;
  readonly to: number;
};

/** What one version did in one second, added up over workers and sidecars. */
export type Arm = Counts & {
  /**
   * Different keys (users, or client connections) among the failures: one that keeps failing counts
   * once.
   */
  readonly failingKeys: number;
  readonly latencies: Latencies;
  /**
   * By endpoint of the version, at most 16, as each has a test of its own. Absent: not known. With
   * fewer than two there is none that could be left out.
   */
  readonly endpoints?: readonly Counts[];
  /** By route of the service, in the same order for both versions, at most 16. */
  readonly routes?: readonly Counts[];
};

/**
 * One second of a service under one set of weights. Only first attempts that ended in it count,
 * since a retry follows from a failure that has been counted.
 */
export type Second = {
  /** Whole seconds since the canary's first request; 0 in the second when it came. */
  readonly ageS: number;
  /** Counts the rollout's weights: which of them was in force. */
  readonly step: number;
  /** The share that the canary should have, 0 … 1. */
  readonly weight: number;
  readonly stable: Arm;
  readonly canary: Arm;
};
