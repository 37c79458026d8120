import type { Random } from "../base/random.ts";
import { scoreAt } from "../table/rendezvous.ts";
import type { Balance } from "../table/endpoint-policy.ts";
import type { SplitPlace } from "../table/split-place.ts";
import type { Endpoint } from "./endpoint.ts";
import { PeakLatency } from "./peak-latency.ts";
import { WeightedTurns } from "./weighted-turns.ts";

/** Draws before a cold or avoided endpoint is taken anyway. */
const DRAWS_MAX = 4;

/**
 * Of so many at most all are looked at where both that were drawn are busy: another one may be
 * idle. Not where one of the two is: the fastest would get all there is when there is little to do.
 * Nor where weights differ: an idle one would get more than its own.
 */
const ALL_COUNT_MAX = 8;

/**
 * What a request under way at an endpoint counts as while nobody knows how fast that is: until its
 * first answer it gets a quarter of the load of the others.
 */
const UNKNOWN_LOAD = 4;

/**
 * Power of two choices (Mitzenmacher 2001): of two endpoints drawn by weight, picks the one that
 * costs less: by load and latency, or by load alone; of a few it picks the cheapest of all where
 * both are busy. Costs the same for 10 and for 1 000 endpoints. Or they take turns.
 */
export class EndpointPicker {
  readonly #random: Random;
  #usable: Endpoint[] = [];
  /** Running sums of the weights. Empty: all weights are equal. */
  #sums: number[] = [];
  #meanWeight = 1;
  #looksAtAll = false;
  #balance: Balance = "p2c";
  /** undefined: they take no turns. */
  #turns: WeightedTurns | undefined;

  constructor(random: Random) {
    this.#random = random;
  }

  /** How many endpoints there are to choose from. */
  get size(): number {
    return this.#usable.length;
  }

  /** Takes the usable ones of `endpoints`, and picks by `balance` from now on. */
  fill(endpoints: Iterable<Endpoint>, balance: Balance = "p2c"): void {
    this.#usable = [...endpoints].filter((endpoint) => endpoint.usable);
    const weight = this.#usable[0]?.snapshot.weight;
    const equal = this.#usable.every((endpoint) => endpoint.snapshot.weight === weight);
    let sum = 0;
    const sums = this.#usable.map((endpoint) => (sum += endpoint.snapshot.weight));
    this.#sums = equal ? [] : sums;
    this.#meanWeight = sum / Math.max(1, sums.length);
    this.#looksAtAll = equal && sums.length > 2 && sums.length <= ALL_COUNT_MAX;
    this.#balance = balance;
    const takesTurns = balance === "roundRobin";
    const asksLatency = balance === "p2c" && this.#usable.length > 1;
    for (const endpoint of this.#usable) {
      if (!asksLatency) endpoint.latency = undefined;
      else endpoint.latency ??= new PeakLatency();
    }
    this.#turns = takesTurns ? new WeightedTurns(this.#usable, this.#random) : undefined;
  }

  /** undefined: there is none. `avoid` is only taken if it is the only one. */
  pick(nowMs: number, slowStartMs: number, avoid?: Endpoint): Endpoint | undefined {
    const count = this.#usable.length;
    if (count <= 1) return this.#usable[0];
    if (this.#turns !== undefined) return this.#turns.next(nowMs, slowStartMs, avoid);
    const at = this.#draw(nowMs, slowStartMs, avoid, -1);
    const first = this.#usable[at] as Endpoint;
    const second = this.#usable[this.#draw(nowMs, slowStartMs, avoid, at)] as Endpoint;
    if (first === avoid) return second;
    if (second === avoid) return first;
    const cheaper = this.#isCheaper(second, first, nowMs) ? second : first;
    if (cheaper.inFlight === 0 || !this.#looksAtAll) return cheaper;
    return this.#cheapest(cheaper, nowMs, slowStartMs, avoid);
  }

  /** The one that costs least. Those that start slowly get only what they are drawn for. */
  #cheapest(
    drawn: Endpoint,
    nowMs: number,
    slowStartMs: number,
    avoid: Endpoint | undefined,
  ): Endpoint {
    let cheapest = drawn;
    for (const endpoint of this.#usable) {
      if (endpoint === avoid || endpoint.warmth(nowMs, slowStartMs) < 1) continue;
      if (this.#isCheaper(endpoint, cheapest, nowMs)) cheapest = endpoint;
    }
    return cheapest;
  }

  /**
   * The endpoint that a place in the split sticks to, by weighted rendezvous hashing: when one is
   * lost only its own places move, and come back with it. undefined: there is none. `avoid` is only
   * taken if it is the only one. Looks at all of them.
   */
  pickAt({ high, low }: Readonly<SplitPlace>, avoid?: Endpoint): Endpoint | undefined {
    let winner: Endpoint | undefined;
    let highest = 0;
    for (const endpoint of this.#usable) {
      const score = scoreAt(high, low, endpoint.hash, endpoint.snapshot.weight);
      if (score <= highest || endpoint === avoid) continue;
      highest = score;
      winner = endpoint;
    }
    return winner ?? this.#usable[0];
  }

  /** Equal ones keep their shares by weight, as the first was drawn so. */
  #isCheaper(one: Endpoint, other: Endpoint, nowMs: number): boolean {
    if (this.#balance !== "p2c") return one.load < other.load;
    const oneMs = one.latency?.at(nowMs) ?? 0;
    const otherMs = other.latency?.at(nowMs) ?? 0;
    return this.#cost(one, oneMs, otherMs) < this.#cost(other, otherMs, oneMs);
  }

  /** Of one more request. What is not known is as fast as the other one. */
  #cost({ load }: Endpoint, ownMs: number, otherMs: number): number {
    const relative = load * this.#meanWeight;
    if (ownMs > 0) return ownMs * (relative + 1);
    return (otherMs > 0 ? otherMs : 1) * (relative * UNKNOWN_LOAD + 1);
  }

  /** The index of one that is not `but`. */
  #draw(nowMs: number, slowStartMs: number, avoid: Endpoint | undefined, but: number): number {
    let drawn = this.#byWeight(but);
    for (let draws = 1; draws < DRAWS_MAX; draws += 1) {
      const endpoint = this.#usable[drawn] as Endpoint;
      const cold = slowStartMs > 0 && this.#random.next() >= endpoint.warmth(nowMs, slowStartMs);
      if (endpoint !== avoid && !cold) return drawn;
      drawn = this.#byWeight(but);
    }
    return drawn;
  }

  /** `but` -1: any of them. */
  #byWeight(but: number): number {
    const sums = this.#sums;
    if (sums.length === 0) {
      const count = this.#usable.length;
      const drawn = (this.#random.next() * (but < 0 ? count : count - 1)) | 0;
      return but < 0 || drawn < but ? drawn : drawn + 1;
    }
    const all = sums[sums.length - 1] as number;
    if (but < 0) return indexAt(sums, this.#random.next() * all);
    const below = but === 0 ? 0 : (sums[but - 1] as number);
    const own = (sums[but] as number) - below;
    const place = this.#random.next() * (all - own);
    return indexAt(sums, place < below ? place : place + own);
  }
}

/** The first of these running sums that is above `place`. */
function indexAt(sums: readonly number[], place: number): number {
  let low = 0;
  let high = sums.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sums[middle] as number) > place) high = middle;
    else low = middle + 1;
  }
  return low;
}
