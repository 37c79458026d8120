/** What an endpoint of the new version can carry. */
export type Capacity = {
  /** Requests a second. observed: as many at once as one of the old version has been seen with. */
  readonly perEndpoint: number | "observed";
};

/** What there is to carry, and to carry it. */
export type CanaryLoad = {
  /** Requests of both versions. */
  readonly perSecond: number;
  /** The canary's endpoints that can take work. */
  readonly endpoints: number;
  /** Requests that an endpoint of stable has been seen with at once. undefined: not known. */
  readonly inFlight?: number | undefined;
  /** How long a request takes the canary, in seconds. undefined: not known. */
  readonly meanS?: number | undefined;
};

/**
 * An endpoint may have half as many more at once than one of stable has had: traffic and durations
 * go up and down by less, and twice as many are what nobody has seen it with.
 */
const OBSERVED_HEADROOM = 1.5;

/**
 * The largest share of the requests, 0 … 1, that the canary can carry. 1: all, or there is no limit
 * or traffic. As many are under way as come a second times how long each takes (Little 1961).
 */
export function shareCarried(capacity: Capacity | undefined, load: CanaryLoad): number {
  const { perSecond, endpoints, inFlight, meanS } = load;
  if (capacity === undefined) return 1;
  const { perEndpoint } = capacity;
  // Nothing is given away before stable has been seen.
  if (perEndpoint === "observed" && inFlight === undefined) return 0;
  if (perSecond === 0) return 1;
  const carried = perEndpoint === "observed" ? observed(inFlight, meanS) : perEndpoint;
  return Math.min(1, (carried * endpoints) / perSecond);
}

/** Requests a second that an endpoint can carry: Infinity without any. */
function observed(inFlight = 0, meanS = 0): number {
  return (OBSERVED_HEADROOM * inFlight) / meanS;
}
