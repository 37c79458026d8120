import type { Decision } from "./decision.ts";
import type { MetricLimit } from "./others-asked.ts";
import { afterFailure, hold } from "./patience.ts";
import type { Rollout } from "./rollout.ts";
import type { Why } from "./why.ts";

/** A reading counts for so many times as long as it takes to the next one. */
const READINGS_MISSED_MAX = 3;

/** What is known of it now. */
export type MetricReading = {
  readonly name: string;
  /** undefined: it could never be had. */
  readonly value: number | undefined;
  /** Since it was read. */
  readonly ageMs: number;
  /** How many in a row were outside the limits. */
  readonly bad: number;
  /** Why the last try failed. undefined: it did not. */
  readonly problem: string | undefined;
};

/** Whether a value is outside. */
export function isOutside(
  { min = -Infinity, max = Infinity }: MetricLimit,
  value: number,
): boolean {
  return value < min || value > max;
}

/** The metric that has been outside its limits for too long. undefined: none. Pure. */
export function metricBreach(
  limits: readonly MetricLimit[],
  readings: readonly MetricReading[],
): Why | undefined {
  for (const limit of limits) {
    const { value, bad = 0 } = readings.find(({ name }) => name === limit.name) ?? {};
    if (value === undefined || bad < limit.failures) continue;
    const text = `${limit.name} is ${value} and must be ${rangeText(limit)}; ${bad} in a row`;
    return { rule: "metric", text };
  }
  return undefined;
}

/**
 * A decision as metrics let it: no step is taken while one of them cannot be had, and a rollout is
 * inconclusive when that takes long. Pure.
 */
export function asMetricsSay(
  rollout: Rollout,
  decision: Decision,
  readings: readonly MetricReading[],
  nowMs: number,
): Decision {
  const { metrics = [], policy } = rollout.spec;
  const { kind } = decision;
  if (kind !== "weight" && kind !== "next" && kind !== "succeed") return decision;
  const missing = metrics.map((each) => missingText(each, readings)).find(Boolean);
  if (missing === undefined) return decision;
  const why = { rule: "metric-missing", text: missing };
  const waitedMs = nowMs - Math.max(rollout.step.sinceMs, rollout.stageSinceMs);
  return waitedMs >= policy.patience.holdMaxS * 1_000 ? afterFailure(rollout, why) : hold(why);
}

/** undefined: it is there, and within its limits. */
function missingText(limit: MetricLimit, readings: readonly MetricReading[]): string | undefined {
  const reading = readings.find(({ name }) => name === limit.name);
  const { value, ageMs = Infinity, problem = "not read yet" } = reading ?? {};
  if (value === undefined || ageMs > limit.everyMs * READINGS_MISSED_MAX) {
    return `${limit.name} cannot be had: ${problem}`;
  }
  return isOutside(limit, value)
    ? `${limit.name} is ${value}, wanted ${rangeText(limit)}`
    : undefined;
}

/** `at most 0.01`, `from 1 to 5`. */
function rangeText({ min, max }: MetricLimit): string {
  if (min === undefined) return `at most ${max}`;
  return max === undefined ? `at least ${min}` : `from ${min} to ${max}`;
}
