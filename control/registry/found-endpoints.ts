import { isDeepStrictEqual } from "node:util";
import type { DiscoveredEndpoint } from "../config/service.ts";
import { FlapGuard } from "./flap-guard.ts";

/**
 * How long a version whose last healthy endpoint vanished from Consul keeps the ones it had. Long
 * enough for an agent that restarted empty to hear from its services again.
 */
export const GRACE_MS = 60_000;

/**
 * The endpoints of one version: what Consul says, smoothed. As long as nothing else can serve in
 * its place, Consul's failures never take a version from some endpoints to none, except when it
 * says so for GRACE_MS. An operator's word counts at once. (Our own health checks and ejection act
 * at once too: they are not discovery.)
 */
export class FoundEndpoints {
  #told: readonly DiscoveredEndpoint[] = [];
  #published: readonly DiscoveredEndpoint[];
  readonly #guards = new Map<string, FlapGuard>();
  /** Since when Consul has said that nothing is left. undefined: it does not say so. */
  #emptySinceMs: number | undefined;
  #nextChangeMs = Infinity;

  /**
   * `known`: endpoints from before, such as from disk; they count as endpoints that the version
   * had.
   */
  constructor(known: readonly DiscoveredEndpoint[] = []) {
    this.#published = known;
  }

  /** What to use, sorted by address. The same array until it changes. */
  get endpoints(): readonly DiscoveredEndpoint[] {
    return this.#published;
  }

  /** Whether `endpoints` are those of before, although Consul says that none is left. */
  get isKept(): boolean {
    return this.#emptySinceMs !== undefined;
  }

  /** When refresh() has something to do, in the clock's nowMs. Infinity: never. */
  get nextChangeMs(): number {
    return this.#nextChangeMs;
  }

  /** Takes Consul's word on all endpoints, sorted by address; refresh() makes something of it. */
  hear(endpoints: readonly DiscoveredEndpoint[], nowMs: number): void {
    this.#told = endpoints;
    const addresses = new Set(endpoints.map((endpoint) => endpoint.address));
    for (const address of this.#guards.keys()) {
      if (!addresses.has(address)) this.#guards.delete(address);
    }
    for (const { address, healthy, inMaintenance } of endpoints) {
      const guard = this.#guards.get(address);
      if (inMaintenance) this.#guards.set(address, new FlapGuard(false, nowMs));
      else if (guard === undefined)
        this.#guards.set(address, this.#newGuard(address, healthy, nowMs));
      else guard.tell(healthy, nowMs);
    }
  }

  /** Those that Consul's word, smoothed, lets have traffic; undefined: it leaves none healthy. */
  left(nowMs: number): readonly DiscoveredEndpoint[] | undefined {
    const smoothed = this.#told.map((endpoint) => this.#smooth(endpoint, nowMs));
    // Smoothing must not empty a version that Consul does not call empty.
    return [smoothed, this.#told].find(hasHealthy);
  }

  /**
   * Brings `endpoints` in line with Consul's word and the time. `mayEmpty`: another version serves
   * in place of this one, so that it needs no grace. true: `endpoints` changed.
   */
  refresh(nowMs: number, mayEmpty = false): boolean {
    const next = this.#choose(nowMs, mayEmpty);
    this.#nextChangeMs = this.#soonest(nowMs);
    if (areEqual(next, this.#published)) return false;
    this.#published = next;
    return true;
  }

  /**
   * An endpoint that we knew from before has a past: Consul's word on it must hold like any other.
   */
  #newGuard(address: string, healthy: boolean, nowMs: number): FlapGuard {
    const known = this.#published.find((endpoint) => endpoint.address === address);
    const guard = new FlapGuard(known?.healthy ?? healthy, nowMs);
    guard.tell(healthy, nowMs);
    return guard;
  }

  #choose(nowMs: number, mayEmpty: boolean): readonly DiscoveredEndpoint[] {
    const left = this.left(nowMs) ?? (mayEmpty ? this.#told : undefined);
    if (left !== undefined) {
      this.#emptySinceMs = undefined;
      return left;
    }
    const kept = this.#published.map((each) => this.#maintained(each.address) ?? each);
    return hasHealthy(kept) ? this.#keep(kept, nowMs) : this.#told;
  }

  /** An operator's word counts in the grace too. undefined: there is none. */
  #maintained(address: string): DiscoveredEndpoint | undefined {
    return this.#told.find((each) => each.inMaintenance && each.address === address);
  }

  #smooth(endpoint: DiscoveredEndpoint, nowMs: number): DiscoveredEndpoint {
    const healthy = this.#guards.get(endpoint.address)?.isHealthy(nowMs) ?? endpoint.healthy;
    if (healthy === endpoint.healthy) return endpoint;
    return { ...endpoint, healthy, reason: healthy ? undefined : "not well for long enough" };
  }

  #keep(kept: readonly DiscoveredEndpoint[], nowMs: number): readonly DiscoveredEndpoint[] {
    this.#emptySinceMs ??= nowMs;
    if (nowMs - this.#emptySinceMs < GRACE_MS) return kept;
    this.#emptySinceMs = undefined;
    return this.#told;
  }

  #soonest(nowMs: number): number {
    const graceEndMs = this.#emptySinceMs === undefined ? Infinity : this.#emptySinceMs + GRACE_MS;
    let soonestMs = graceEndMs;
    for (const guard of this.#guards.values()) {
      soonestMs = Math.min(soonestMs, guard.nextChangeMs(nowMs));
    }
    return soonestMs;
  }
}

function hasHealthy(endpoints: readonly DiscoveredEndpoint[]): boolean {
  return endpoints.some((endpoint) => endpoint.healthy);
}

function areEqual(
  left: readonly DiscoveredEndpoint[],
  right: readonly DiscoveredEndpoint[],
): boolean {
  return (
    left.length === right.length &&
    left.every((endpoint, index) => {
      const other = right[index] as DiscoveredEndpoint;
      return (
        endpoint.address === other.address &&
        endpoint.weight === other.weight &&
        endpoint.healthy === other.healthy &&
        endpoint.reason === other.reason &&
        endpoint.san === other.san &&
        endpoint.inMaintenance === other.inMaintenance &&
        isDeepStrictEqual(endpoint.compat, other.compat)
      );
    })
  );
}
