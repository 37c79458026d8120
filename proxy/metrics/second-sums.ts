import { addedBuckets } from "./histogram.ts";
import { NOTHING_COUNTED, OBSERVED_ENDPOINTS_MAX, OTHER_ENDPOINTS } from "./second-counters.ts";
import type { AttemptTally, ObservedSeconds, VersionSecondCounts } from "./second-counts.ts";

/** A second over all that have counted it. */
export type JoinedSecond = {
  /** Since the Unix epoch. */
  readonly second: number;
  /** In the order of the question. */
  readonly versions: readonly VersionSecondCounts[];
  /** How many know of it. */
  readonly seen: number;
};

/** Seconds that are joined at once, the latest: none of ours is kept for as long. */
const SECONDS_MAX = 60;

/** The counts of a second in two places, together. */
export function addedSeconds(
  one: VersionSecondCounts,
  other: VersionSecondCounts,
): VersionSecondCounts {
  const sums = {
    requests: one.requests + other.requests,
    failures: one.failures + other.failures,
    failingKeys: one.failingKeys + other.failingKeys,
    latencies: addedBuckets(one.latencies, other.latencies).toSorted(([a], [b]) => a - b),
    endpoints: addedEndpoints(one.endpoints, other.endpoints),
  };
  if (one.routes === undefined && other.routes === undefined) return sums;
  return { ...sums, routes: addedRoutes(one.routes ?? [], other.routes ?? []) };
}

/**
 * All whole seconds that somebody knows of, up to `untilS`, the oldest first. `versions`: how many
 * there are.
 */
export function joinedSeconds(
  sources: readonly ObservedSeconds[],
  untilS: number,
  versions: number,
): readonly JoinedSecond[] {
  const known = sources.map((source) => {
    return { ...source, byS: new Map(source.seconds.map((each) => [each.second, each.versions])) };
  });
  const joined: JoinedSecond[] = [];
  const knownS = Math.min(...sources.map((source) => source.sinceS));
  const sinceS = Math.max(knownS, untilS - SECONDS_MAX + 1);
  for (let second = sinceS; second <= untilS; second += 1) {
    const theirs = known.filter((each) => each.sinceS <= second && second <= each.untilS);
    const sums = Array.from({ length: versions }, (_, index) => {
      const counts = theirs.flatMap(({ byS }) => byS.get(second)?.[index] ?? []);
      return counts.reduce(addedSeconds, NOTHING_COUNTED);
    });
    if (theirs.length > 0) joined.push({ second, versions: sums, seen: theirs.length });
  }
  return joined;
}

function addedEndpoints(
  one: VersionSecondCounts["endpoints"],
  other: VersionSecondCounts["endpoints"],
): VersionSecondCounts["endpoints"] {
  const sums = new Map<string, AttemptTally>();
  for (const [address, ...tally] of [...one, ...other]) {
    const isOther = !sums.has(address) && sums.size >= OBSERVED_ENDPOINTS_MAX - 1;
    const name = isOther && address !== "" ? OTHER_ENDPOINTS : address;
    sums.set(name, addedTally(sums.get(name), tally));
  }
  return [...sums].map(([address, [requests, failures]]) => [address, requests, failures]);
}

function addedRoutes(
  one: readonly AttemptTally[],
  other: readonly AttemptTally[],
): readonly AttemptTally[] {
  const [longer, shorter] = one.length >= other.length ? [one, other] : [other, one];
  return longer.map((tally, place) => addedTally(tally, shorter[place]));
}

function addedTally(one: AttemptTally | undefined, other: AttemptTally | undefined): AttemptTally {
  return [(one?.[0] ?? 0) + (other?.[0] ?? 0), (one?.[1] ?? 0) + (other?.[1] ?? 0)];
}
