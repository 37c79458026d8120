import { normalQuantile, shiftAt } from "./mann-whitney.ts";

const CONFIDENCE = 0.98;
/** Shifts below this part of the estimate do not count. */
const TOLERANCE = 0.25;

/** What a minute shows of one version. NaN: nothing. */
type Point = { readonly errorRate: number; readonly ms: number };

/**
 * Kayenta's NetflixACAJudge (a69573be): Mann-Whitney over the points of canary and baseline.
 * Errors and latency are critical, more is worse; missing latencies are left out, missing error
 * rates are 0.
 */
export class Kayenta {
  readonly #errors: [number[], number[]] = [[], []];
  readonly #latency: [number[], number[]] = [[], []];

  /** Adds a minute. */
  add(canary: Point, baseline: Point): void {
    for (const [index, { errorRate, ms }] of [canary, baseline].entries()) {
      this.#errors[index]?.push(Number.isNaN(errorRate) ? 0 : errorRate);
      if (!Number.isNaN(ms)) this.#latency[index]?.push(ms);
    }
  }

  get failed(): boolean {
    return [this.#errors, this.#latency].some(([canary, baseline]) => isHigh(canary, baseline));
  }
}

/** Whether the canary's values are higher than the baseline's. */
function isHigh(canary: readonly number[], baseline: readonly number[]): boolean {
  if (canary.length === 0 || baseline.length === 0) return false;
  if (new Set([...canary, ...baseline]).size === 1) return false;
  const shift = { x: canary.toSorted((a, b) => a - b), y: baseline.toSorted((a, b) => a - b) };
  const lower = shiftAt(shift, -normalQuantile((1 - CONFIDENCE) / 2));
  const estimate = shiftAt(shift, 0);
  if (lower === undefined || estimate === undefined) return false;
  const means = [meanOf(canary), meanOf(baseline)] as const;
  const isAbove = means[0] === 0 || means[1] === 0 || means[0] >= means[1];
  return lower > TOLERANCE * Math.abs(estimate) && isAbove;
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
