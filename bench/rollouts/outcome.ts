import type { Defect } from "./world-options.ts";

/** How a simulated rollout went. Times are in seconds from its beginning; Infinity: never. */
export type Outcome = {
  abortedS: number;
  /** When the canary had all traffic. */
  promotedS: number;
  canaryRequests: number;
  /** Expected failures caused by the defect alone. */
  harm: number;
  /** Requests that the defect made slower. */
  slowed: number;
};

/** The weights of all who go by the clock. */
export const STEPS = [0.01, 0.05, 0.1, 0.25, 0.5, 1] as const;

/** How long each weight lasts, and how long the canary is watched at 100 %. */
export const STEP_S = 60;

/** The outcome of a rollout that has just begun. */
export function newOutcome(): Outcome {
  return { abortedS: Infinity, promotedS: Infinity, canaryRequests: 0, harm: 0, slowed: 0 };
}

/** Counts a second of a canary whose defect adds errors at the rate `excess`. */
export function countSecond(
  outcome: Outcome,
  requests: number,
  excess: number,
  defect: Defect | undefined,
): void {
  outcome.canaryRequests += requests;
  outcome.harm += excess * requests;
  outcome.slowed += requests * (defect?.latency === undefined ? (defect?.tail?.share ?? 0) : 1);
}
