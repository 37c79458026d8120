import { describe, expect, test } from "vitest";
import { sfc32 } from "../../../bench/rollouts/sfc32.ts";
import { Draws } from "../../../control/analysis/draws.ts";
import { PRESETS } from "../../../control/analysis/judge-policy.ts";
import type { RolloutPolicy } from "../../../control/analysis/judge-policy.ts";
import type { Arm, Second } from "../../../control/analysis/second.ts";
import { judgeRollout, RolloutJudge } from "../../../control/analysis/verdict.ts";
import type { RolloutHistory, RolloutJudgeState } from "../../../control/analysis/verdict.ts";
import { armOf, secondsOf } from "./arms.ts";

const { standard } = PRESETS;
const BEFORE = Array.from({ length: 60 }, () => armOf(100, 0));

function history(count: number, second: Parameters<typeof secondsOf>[1]): RolloutHistory {
  return { before: BEFORE, seconds: secondsOf(count, second) };
}

function patient(patience: Partial<RolloutPolicy["patience"]>): RolloutPolicy {
  return { ...standard, patience: { ...standard.patience, ...patience } };
}

test("judgeRollout() gives the same verdict for the same history, bit for bit", () => {
  const given = history(90, { stable: armOf(80, 1), canary: armOf(20, 1), weight: 0.2 });
  expect(judgeRollout(given, standard)).toEqual(judgeRollout(structuredClone(given), standard));
});

test("RolloutJudge goes on from its state as if it had seen everything itself, bit for bit", () => {
  const draws = new Draws(sfc32(7));
  const someArm = (requests: number, endpoints: number): Arm => {
    const arm = armOf(requests, draws.binomial(requests, 0.02), 5 + 90 * draws.uniform());
    const each = { requests: requests / endpoints, failures: arm.failures / endpoints };
    return { ...arm, endpoints: Array.from({ length: endpoints }, () => each), routes: [each] };
  };
  const seconds = Array.from({ length: 150 }, (_, ageS): Second => {
    const step = Math.floor(ageS / 40);
    const weight = [0.05, 0.1, 0.25, 0.5][step] ?? 0.5;
    return { ageS, step, weight, stable: someArm(190, 1), canary: someArm(40, 3) };
  });
  const whole = new RolloutJudge(standard);
  for (const stable of BEFORE) whole.remember(stable);
  let parts = new RolloutJudge(standard, stored(whole.state));
  for (const [index, second] of seconds.entries()) {
    if (index % 7 === 0) parts = new RolloutJudge(standard, stored(parts.state));
    whole.add(second);
    parts.add(second);
    expect(parts.verdict()).toEqual(whole.verdict());
  }
  expect(stored(parts.state)).toEqual(stored(whole.state));
  expect(whole.evidence.against).not.toBe(1);
});

/** As it comes out of a store. */
function stored(state: RolloutJudgeState): RolloutJudgeState {
  return JSON.parse(JSON.stringify(state)) as RolloutJudgeState;
}

test("judgeRollout() finds a canary that fails outright in a handful of requests", () => {
  const failing = history(2, { stable: armOf(95), canary: armOf(5, 5), weight: 0.05 });
  const verdict = judgeRollout(failing, standard);
  expect(verdict).toMatchObject({ state: "failed", action: "abort", weight: 0 });
  expect(verdict.reasons[0]?.text).toMatch(/^errors: evidence \S+ of 20; 10 of 10 requests failed/);
});

test("judgeRollout() finds a canary that is slow", () => {
  const slow = history(60, { stable: armOf(50), canary: armOf(50, 0, 400) });
  const verdict = judgeRollout(slow, standard);
  expect(verdict.action).toBe("abort");
  expect(verdict.reasons[0]?.text).toMatch(/^p\d\d: /);
});

test("judgeRollout() promotes a good canary after its soak, and says what was shown", () => {
  const verdict = judgeRollout(history(200, { stable: armOf(100), canary: armOf(100) }), standard);
  expect(verdict).toMatchObject({ state: "passed", action: "promote", weight: 1 });
  expect(verdict.metrics.map(({ name }) => name)).toEqual(["errors", "p50", "p95", "p99"]);
  expect(verdict.metrics[0]).toMatchObject({ fine: true, part: 0.5 });
  expect(verdict.excessRateMax).toBeLessThanOrEqual(standard.ramp.excessMax);
});

describe("judgeRollout() without enough requests", () => {
  test.each([
    ["no-canary-traffic", armOf(50), armOf(0)],
    ["no-stable-traffic", armOf(0), armOf(50, 25)],
    ["few-requests", armOf(50), armOf(0.5)],
  ])("%s: inconclusive, and held", (rule, stable, canary) => {
    const verdict = judgeRollout(history(30, { stable, canary, weight: 0.1 }), standard);
    expect(verdict).toMatchObject({ state: "inconclusive", action: "hold", weight: 0.1 });
    expect(verdict.reasons[0]?.rule).toBe(rule);
  });

  test.each([
    ["pause", 0.1],
    ["promote", 1],
    ["abort", 0],
  ] as const)("does what the policy says when it has waited long enough: %s", (action, weight) => {
    const policy = patient({ holdMaxS: 20, onInconclusive: action });
    const given = history(30, { stable: armOf(50), canary: armOf(0), weight: 0.1 });
    const verdict = judgeRollout(given, policy);
    expect(verdict).toMatchObject({ state: "inconclusive", action, weight });
    expect(verdict.reasons.at(-1)).toEqual({ rule: "hold-max", text: `after 30 s: ${action}` });
  });
});

test("judgeRollout() does not wait for ever for a version that can carry no more", () => {
  const given = history(200, { stable: armOf(100), canary: armOf(100) });
  const verdict = judgeRollout(given, patient({ holdMaxS: 150 }), 0.6);
  expect(verdict).toMatchObject({ state: "inconclusive", action: "pause", weight: 0.5 });
  expect(verdict.reasons[0]?.rule).toBe("capacity");
});
