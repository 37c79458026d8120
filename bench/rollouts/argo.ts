/** A success-rate template as in the documentation of Argo Rollouts. */
export type ArgoPolicy = {
  /** 0 … 1. */
  readonly successMin: number;
  readonly failureLimit: number;
  readonly consecutiveErrorLimit: number;
};

/** The usual template, with a strict limit. */
export const ARGO_99: ArgoPolicy = { successMin: 0.99, failureLimit: 3, consecutiveErrorLimit: 4 };

/**
 * Argo Rollouts (analysis/analysis.go and utils/evaluate at 9f8d111): one measurement per interval,
 * while the steps go on by the clock. It fails when more than `failureLimit` measurements did not
 * meet the condition. An empty answer is an error, and more than `consecutiveErrorLimit` errors in
 * a row fail too.
 */
export class Argo {
  readonly #policy: ArgoPolicy;
  #failed = 0;
  #errors = 0;
  #hasSeen = false;

  constructor(policy: ArgoPolicy) {
    this.#policy = policy;
  }

  /** Makes a measurement. true: the rollout is aborted. */
  measure(requests: number, failures: number): boolean {
    const { successMin, failureLimit, consecutiveErrorLimit } = this.#policy;
    this.#hasSeen ||= requests > 0;
    this.#errors = this.#hasSeen ? 0 : this.#errors + 1;
    // NaN, which no requests give, does not meet the condition.
    const isMet = (requests - failures) / requests >= successMin;
    if (this.#hasSeen && !isMet) this.#failed += 1;
    return this.#failed > failureLimit || this.#errors > consecutiveErrorLimit;
  }
}
