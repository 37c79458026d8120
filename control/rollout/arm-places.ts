import { BUCKET_COUNT } from "../../proxy/metrics/histogram.ts";
import { OBSERVED_ENDPOINTS_MAX, OTHER_ENDPOINTS } from "../../proxy/metrics/second-counters.ts";
import type { VersionSecondCounts } from "../../proxy/metrics/second-counts.ts";
import type { Arm, Counts, Latencies } from "../analysis/second.ts";

/** Where all endpoints count that have no place of their own. */
const REST = OBSERVED_ENDPOINTS_MAX - 1;

/**
 * Seconds without a request after which an endpoint is not one of the version's any more: longer
 * than a first ejection.
 */
const GONE_AFTER_S = 60;

/**
 * The seconds of a version as the judge takes them: each endpoint keeps its place among them, and
 * one that is the only one there is not told from the version.
 */
export class ArmPlaces {
  readonly #places = new Map<string, number>();
  /** The second in which each place last had a request, by this count of seconds. */
  readonly #lastS: number[] = [];
  #second = 0;

  /** `addresses`: endpoints that have a place already, in its order. */
  constructor(addresses: readonly string[] = []) {
    for (const address of addresses.slice(0, REST)) this.#lastS[this.#placeOf(address)] = 0;
  }

  /** Endpoints that have a place of their own, in its order. */
  get addresses(): readonly string[] {
    return [...this.#places.keys()];
  }

  armOf({ latencies, endpoints, routes, ...sums }: VersionSecondCounts): Arm {
    this.#second += 1;
    const arm = {
      ...sums,
      latencies: latenciesOf(latencies),
      endpoints: this.#endpoints(endpoints),
    };
    if (routes === undefined) return arm;
    return { ...arm, routes: routes.map(([requests, failures]) => ({ requests, failures })) };
  }

  /** What had no endpoint is not among them. */
  #endpoints(told: VersionSecondCounts["endpoints"]): readonly Counts[] {
    const counts: { requests: number; failures: number }[] = [];
    for (const [address, requests, failures] of told) {
      if (address === "") continue;
      const place = this.#placeOf(address);
      this.#lastS[place] = this.#second;
      while (counts.length <= place) counts.push({ requests: 0, failures: 0 });
      const at = counts[place];
      if (at === undefined) continue;
      at.requests += requests;
      at.failures += failures;
    }
    const there = this.#lastS.filter((lastS) => this.#second - lastS < GONE_AFTER_S).length;
    if (there < 2) return [];
    while (counts.length < this.#lastS.length) counts.push({ requests: 0, failures: 0 });
    return counts;
  }

  #placeOf(address: string): number {
    const known = this.#places.get(address);
    if (known !== undefined) return known;
    if (address === OTHER_ENDPOINTS || this.#places.size >= REST) return REST;
    const place = this.#places.size;
    this.#places.set(address, place);
    return place;
  }
}

function latenciesOf(sparse: VersionSecondCounts["latencies"]): Latencies {
  const counts = Array.from<number>({ length: BUCKET_COUNT }).fill(0);
  for (const [bucket, count] of sparse) counts[bucket] = (counts[bucket] ?? 0) + count;
  return { counts, from: sparse[0]?.[0] ?? 0, to: sparse.at(-1)?.[0] ?? -1 };
}
