/** First attempts that ended, and clients for which they failed: see FailingClients. */
export type AttemptTally = readonly [requests: number, failures: number];

/** What one version did in one second: first attempts that ended in it, as plain data. */
export type VersionSecondCounts = {
  readonly requests: number;
  readonly failures: number;
  /** Different clients among the failures: see FailingClients. */
  readonly failingKeys: number;
  /** Durations of the attempts by bucket of histogram.ts. Sparse: [bucket, count], rising. */
  readonly latencies: readonly (readonly [bucket: number, count: number])[];
  /** By address; "": those that no endpoint had. At most OBSERVED_ENDPOINTS_MAX, beside that. */
  readonly endpoints: readonly (readonly [address: string, ...AttemptTally])[];
  /** By place: 0 for requests without a route. Absent: the service has no routes. */
  readonly routes?: readonly AttemptTally[] | undefined;
};

/** What somebody wants to know of a service. */
export type ObservationQuestion = {
  readonly service: string;
  readonly versions: readonly string[];
  /** Seconds after this one, since the Unix epoch; those that have ended. */
  readonly afterS: number;
};

/** A second in which something was counted. */
export type ObservedSecond = {
  /** Since the Unix epoch. */
  readonly second: number;
  /** In the order of the question. */
  readonly versions: readonly VersionSecondCounts[];
};

/** What has been counted of a service, second by second. */
export type ObservedSeconds = {
  /** The first and the last whole second that is known; those that are not listed are zeros. */
  readonly sinceS: number;
  readonly untilS: number;
  /** Rising. */
  readonly seconds: readonly ObservedSecond[];
};
