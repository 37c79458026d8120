/** What an endpoint of the new version can carry. */
export type Capacity = {
  /** Requests a second. */
  readonly perEndpoint: number;
};

/**
 * The largest share of the requests, 0 … 1, that the canary can carry with so many endpoints that
 * can take work. 1: all, or no limit is known.
 */
export function shareCarried(
  capacity: Capacity | undefined,
  endpoints: number,
  perSecond: number,
): number {
  if (capacity === undefined || perSecond === 0) return 1;
  return Math.min(1, (capacity.perEndpoint * endpoints) / perSecond);
}
