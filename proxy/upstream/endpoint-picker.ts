import type { Random } from "../base/random.ts";
import { scoreAt } from "../table/rendezvous.ts";
import type { SplitPlace } from "../table/split-place.ts";
import type { Endpoint } from "./endpoint.ts";

/** Draws before a cold or avoided endpoint is taken anyway. */
const DRAWS_MAX = 4;

/**
 * Power of two choices (Mitzenmacher 2001): of two endpoints drawn by weight, picks the one with
 * less load for its weight. Costs the same for 2 and for 1 000 endpoints.
 */
export class EndpointPicker {
  readonly #random: Random;
  #usable: Endpoint[] = [];
  /** Running sums of the weights. Empty: all weights are equal. */
  #sums: number[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  /** How many endpoints there are to choose from. */
  get size(): number {
    return this.#usable.length;
  }

  /** Takes the usable ones of `endpoints`. */
  fill(endpoints: Iterable<Endpoint>): void {
    this.#usable = [...endpoints].filter((endpoint) => endpoint.usable);
    const weight = this.#usable[0]?.snapshot.weight;
    const equal = this.#usable.every((endpoint) => endpoint.snapshot.weight === weight);
    let sum = 0;
    this.#sums = equal ? [] : this.#usable.map((endpoint) => (sum += endpoint.snapshot.weight));
  }

  /** undefined: there is none. `avoid` is only taken if it is the only one. */
  pick(nowMs: number, slowStartMs: number, avoid?: Endpoint): Endpoint | undefined {
    const count = this.#usable.length;
    if (count <= 1) return this.#usable[0];
    const first = this.#draw(nowMs, slowStartMs, avoid);
    const second = this.#draw(nowMs, slowStartMs, avoid);
    if (first === avoid) return second === avoid ? this.#other(avoid) : second;
    if (second === avoid) return first;
    return second.load < first.load ? second : first;
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

  #draw(nowMs: number, slowStartMs: number, avoid: Endpoint | undefined): Endpoint {
    let drawn = this.#byWeight();
    for (let draws = 1; draws < DRAWS_MAX; draws += 1) {
      const cold = slowStartMs > 0 && this.#random.next() >= drawn.warmth(nowMs, slowStartMs);
      if (drawn !== avoid && !cold) return drawn;
      drawn = this.#byWeight();
    }
    return drawn;
  }

  #byWeight(): Endpoint {
    const sums = this.#sums;
    if (sums.length === 0) {
      return this.#usable[(this.#random.next() * this.#usable.length) | 0] as Endpoint;
    }
    const place = this.#random.next() * (sums[sums.length - 1] as number);
    let low = 0;
    let high = sums.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] as number) > place) high = middle;
      else low = middle + 1;
    }
    return this.#usable[low] as Endpoint;
  }

  #other(avoid: Endpoint | undefined): Endpoint | undefined {
    return this.#usable.find((endpoint) => endpoint !== avoid);
  }
}
