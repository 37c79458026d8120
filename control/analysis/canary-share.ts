/**
 * How many requests of the rarer version the share so far weighs as much as, when it is averaged
 * with that of one second.
 */
const PRIOR_REQUESTS = 10;

/**
 * A version that should have had this many requests in a second and had none is getting none: by
 * chance alone that happens in one second of twenty.
 */
const CERTAINLY_SOME = 3;

/** What it has seen of this step: plain data. */
export type CanaryShareState = { readonly requests: number; readonly canary: number };

/**
 * The canary's share of the requests: that of the second if it has many, else that of the step so
 * far, else the intended one. What was really sent counts: sticky users can shift it.
 */
export class CanaryShare {
  #requests: number;
  #canary: number;

  /** `before`: what was seen of this step already. */
  constructor({ requests, canary }: CanaryShareState = { requests: 0, canary: 0 }) {
    this.#requests = requests;
    this.#canary = canary;
  }

  get state(): CanaryShareState {
    return { requests: this.#requests, canary: this.#canary };
  }

  /** Starts over, because a new weight is in force. */
  restart(): void {
    this.#requests = 0;
    this.#canary = 0;
  }

  /**
   * The share in a second with this many requests; add() the second afterwards. 0 or 1: one version
   * had none although it should have had some, so there is nothing to compare.
   */
  of(weight: number, canary: number, requests: number): number {
    if (weight <= 0 || weight >= 1) return weight;
    if (canary === 0 && requests * weight >= CERTAINLY_SOME) return 0;
    if (canary === requests && requests * (1 - weight) >= CERTAINLY_SOME) return 1;
    const prior = PRIOR_REQUESTS / Math.min(weight, 1 - weight);
    const sofar = (this.#canary + prior * weight) / (this.#requests + prior);
    return (canary + prior * sofar) / (requests + prior);
  }

  /** Adds a second to what was seen of this step. */
  add(canary: number, requests: number): void {
    this.#canary += canary;
    this.#requests += requests;
  }
}
