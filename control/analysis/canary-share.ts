/**
 * Requests of the rarer version that the share seen before weighs as much as, against that of one
 * second.
 */
const PRIOR_REQUESTS = 10;

/**
 * Requests that a version should have had in a second, from which on none at all mean that it gets
 * none: by chance that happens in one second of twenty.
 */
const CERTAINLY_SOME = 3;

/**
 * The canary's share of the requests: that of the second where it has many, else of the step so
 * far, else the one that is meant. What was sent counts: sticky users can make it another one.
 */
export class CanaryShare {
  #requests = 0;
  #canary = 0;

  /** A new weight is in force. */
  restart(): void {
    this.#requests = 0;
    this.#canary = 0;
  }

  /**
   * The share in a second with so many requests, before that counts as seen. 0 or 1: one version
   * had none although it should have had some, so that there is nothing to compare.
   */
  of(weight: number, canary: number, requests: number): number {
    if (weight <= 0 || weight >= 1) return weight;
    if (canary === 0 && requests * weight >= CERTAINLY_SOME) return 0;
    if (canary === requests && requests * (1 - weight) >= CERTAINLY_SOME) return 1;
    const prior = PRIOR_REQUESTS / Math.min(weight, 1 - weight);
    const sofar = (this.#canary + prior * weight) / (this.#requests + prior);
    return (canary + prior * sofar) / (requests + prior);
  }

  /** The second has been seen. */
  add(canary: number, requests: number): void {
    this.#canary += canary;
    this.#requests += requests;
  }
}
