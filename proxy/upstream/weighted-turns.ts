import type { Random } from "../base/random.ts";
import type { Endpoint } from "./endpoint.ts";

/**
 * Endpoints in turn, each as often as its weight says and no two turns of one closer than they must
 * be (nginx's smooth weighted round robin). Looks at all of them for each turn.
 */
export class WeightedTurns {
  readonly #endpoints: readonly Endpoint[];
  /** What each has been promised and has not got, in the order of the endpoints. */
  readonly #owed: number[];

  /** Not all workers begin with the same one. */
  constructor(endpoints: readonly Endpoint[], random: Random) {
    this.#endpoints = endpoints;
    this.#owed = endpoints.map(({ snapshot }) => snapshot.weight * random.next());
  }

  /**
   * Whose turn it is. One that starts slowly has a part of its weight. `avoid` keeps its turn for
   * later, unless it is alone. undefined: there is none.
   */
  next(nowMs: number, slowStartMs: number, avoid?: Endpoint): Endpoint | undefined {
    const owed = this.#owed;
    let given = 0;
    let best = -1;
    for (let at = 0; at < owed.length; at += 1) {
      const endpoint = this.#endpoints[at] as Endpoint;
      if (endpoint === avoid) continue;
      const weight = endpoint.snapshot.weight * endpoint.warmth(nowMs, slowStartMs);
      given += weight;
      owed[at] = (owed[at] as number) + weight;
      if (best < 0 || (owed[at] as number) > (owed[best] as number)) best = at;
    }
    if (best < 0) return this.#endpoints[0];
    owed[best] = (owed[best] as number) - given;
    return this.#endpoints[best];
  }
}
