import { BUCKET_COUNT, bucketOf, sparseBuckets } from "./histogram.ts";
import type { VersionSecondCounts } from "./second-counts.ts";

/** Endpoints of a version that are counted each by itself, with all others as one of them. */
export const OBSERVED_ENDPOINTS_MAX = 16;

/** The name of those others. */
export const OTHER_ENDPOINTS = "*";

/** Places of routes: of requests that no route matches, 14 routes, and all others together. */
export const OBSERVED_ROUTES_MAX = 16;

/** What a version did in a second in which it did nothing. */
export const NOTHING_COUNTED: VersionSecondCounts = {
  requests: 0,
  failures: 0,
  failingKeys: 0,
  latencies: [],
  endpoints: [],
};

/** How a first attempt ended. */
export type CountedAttempt = {
  readonly failed: boolean;
  readonly durationMs: number;
  /** The endpoint's address. undefined: it had none. */
  readonly address: string | undefined;
  /** The route's place, from 1; 0: none matched; below 0: the service has none. */
  readonly route: number;
};

type Counts = { requests: number; failures: number };

/** What one version does in one second. Used again for another one. */
export class SecondCounters {
  /** Since the Unix epoch. -1: it has not been used yet. */
  second = -1;
  #requests = 0;
  #failures = 0;
  #failingKeys = 0;
  readonly #latencies = new Uint32Array(BUCKET_COUNT);
  readonly #endpoints = new Map<string, Counts>();
  readonly #routes: Counts[] = [];

  /** From now on it is about another second. */
  begin(second: number): void {
    this.second = second;
    this.#requests = 0;
    this.#failures = 0;
    this.#failingKeys = 0;
    this.#latencies.fill(0);
    this.#endpoints.clear();
    this.#routes.length = 0;
  }

  /** `isOther`: it has failed for another client than those before. */
  add({ failed, durationMs, address, route }: CountedAttempt, isOther: boolean): void {
    this.#requests += 1;
    if (failed) this.#failures += 1;
    if (isOther) this.#failingKeys += 1;
    const bucket = bucketOf(durationMs);
    this.#latencies[bucket] = (this.#latencies[bucket] as number) + 1;
    addTo(this.#endpoint(address ?? ""), isOther);
    if (route >= 0) addTo(this.#route(Math.min(route, OBSERVED_ROUTES_MAX - 1)), isOther);
  }

  /** The counts as plain data. */
  counts(): VersionSecondCounts {
    const latencies = sparseBuckets(this.#latencies);
    const counts = {
      requests: this.#requests,
      failures: this.#failures,
      failingKeys: this.#failingKeys,
      latencies,
      endpoints: [...this.#endpoints].map(([address, { requests, failures }]) => {
        return [address, requests, failures] as const;
      }),
    };
    if (this.#routes.length === 0) return counts;
    const routes = this.#routes.map(({ requests, failures }) => [requests, failures] as const);
    return { ...counts, routes };
  }

  #endpoint(address: string): Counts {
    const known = this.#endpoints.get(address);
    if (known !== undefined) return known;
    const isOther = address !== "" && this.#endpoints.size >= OBSERVED_ENDPOINTS_MAX - 1;
    if (isOther && address !== OTHER_ENDPOINTS) return this.#endpoint(OTHER_ENDPOINTS);
    const added = { requests: 0, failures: 0 };
    this.#endpoints.set(address, added);
    return added;
  }

  #route(place: number): Counts {
    while (this.#routes.length <= place) this.#routes.push({ requests: 0, failures: 0 });
    return this.#routes[place] as Counts;
  }
}

function addTo(counts: Counts, failed: boolean): void {
  counts.requests += 1;
  if (failed) counts.failures += 1;
}
