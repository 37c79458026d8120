/** A success-rate template as Argo Rollouts' documents show it. */
export type ArgoPolicy = {
  /** 0 … 1. */
  readonly successMin: number;
  readonly failureLimit: number;
  readonly consecutiveErrorLimit: number;
};

/** The usual template with a limit that is strict. */
export const ARGO_99: ArgoPolicy = { successMin: 0.99, failureLimit: 3, consecutiveErrorLimit: 4 };

/**
 * Argo Rollouts (analysis/analysis.go and utils/evaluate at 9f8d111): a measurement each interval,
 * while the steps go on by the clock. Failed when more than `failureLimit` did not meet the
 * condition; an empty answer is an error, and more than `consecutiveErrorLimit` of those in a row
 * fail too.
 */
export class Argo {
  readonly #policy: ArgoPolicy;
  #failed = 0;
  #errors = 0;
  #hasSeen = false;

  constructor(policy: ArgoPolicy) {
    this.#policy = policy;
  }

  /** A measurement. true: it is to be aborted. */
  measure(requests: number, failures: number): boolean {
    const { successMin, failureLimit, consecutiveErrorLimit } = this.#policy;
    this.#hasSeen ||= requests > 0;
    this.#errors = this.#hasSeen ? 0 : this.#errors + 1;
    // NaN, of no requests, does not meet the condition.
    const isMet = (requests - failures) / requests >= successMin;
    if (this.#hasSeen && !isMet) this.#failed += 1;
    return this.#failed > failureLimit || this.#errors > consecutiveErrorLimit;
  }
}
