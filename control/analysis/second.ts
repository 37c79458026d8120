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
   * Different keys (users, or client connections) among the failures: whoever fails and tries again
   * counts once.
   */
  readonly failingKeys: number;
  readonly latencies: Latencies;
  /** By endpoint of the version, at most 16: each is a test of its own. Absent: not known. */
  readonly endpoints?: readonly Counts[];
  /** By route of the service, in the same order for both versions, at most 16. */
  readonly routes?: readonly Counts[];
};

/**
 * One second of a service under one set of weights. Only first attempts that ended in it count: a
 * retry is a consequence of a failure that has been counted.
 */
export type Second = {
  /** Whole seconds since the canary's first request: 0 in the second in which that came. */
  readonly ageS: number;
  /** Which of the rollout's weights was in force; grows by one with each. */
  readonly step: number;
  /** The share that the canary is meant to have, 0 … 1. */
  readonly weight: number;
  readonly stable: Arm;
  readonly canary: Arm;
};
