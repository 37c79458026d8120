import { describe, expect, test } from "vitest";
import { ErrorEvidence } from "../../../control/analysis/error-evidence.ts";
import { ErrorTest } from "../../../control/analysis/error-test.ts";
import { PRESETS } from "../../../control/analysis/judge-policy.ts";
import type { JudgePolicy } from "../../../control/analysis/judge-policy.ts";
import type { Arm, Counts } from "../../../control/analysis/second.ts";
import { armOf } from "./arms.ts";

const POLICY = PRESETS.standard.judge.errors;

/** After seconds of 100 requests of each version. */
function evidenceAfter(
  seconds: number,
  canary: Arm,
  policy: Partial<JudgePolicy["errors"]> = {},
  stable: Arm = armOf(100),
): ErrorEvidence {
  const evidence = new ErrorEvidence({ ...POLICY, ...policy });
  for (let second = 0; second < 60; second += 1) evidence.remember(stable);
  for (let second = 0; second < seconds; second += 1) evidence.add(canary, stable, 0.5);
  return evidence;
}

/** A canary whose 100 requests went to its endpoints evenly. */
function armByEndpoint(failures: readonly number[]): Arm {
  const endpoints = failures.map((failed) => ({
    requests: 100 / failures.length,
    failures: failed,
  }));
  return {
    ...armOf(
      100,
      failures.reduce((sum, failed) => sum + failed, 0),
    ),
    endpoints,
  };
}

describe("ErrorEvidence.upperExcess()", () => {
  const upper = (evidence: ErrorEvidence): number => evidence.upperExcess(0.05);

  test("leaves one endpoint out that fails alone, and no two", () => {
    const alone = evidenceAfter(20, armByEndpoint([20, 0, 0, 0]));
    expect(alone.whole.upperExcess(0.05)).toBeGreaterThan(0.2);
    expect(upper(alone)).toBeLessThanOrEqual(0.02);
    expect(upper(evidenceAfter(20, armByEndpoint([20, 0, 0, 5])))).toBeGreaterThan(0.05);
  });

  test("is that of the whole version where all fail, there is one, or nobody asks", () => {
    for (const arm of [armByEndpoint([5, 5, 5, 5]), armByEndpoint([20]), armOf(100, 5)]) {
      const evidence = evidenceAfter(20, arm);
      expect(upper(evidence)).toBe(evidence.whole.upperExcess(0.05));
    }
    const unasked = evidenceAfter(20, armByEndpoint([20, 0, 0, 0]), { aloneFactor: Infinity });
    expect(upper(unasked)).toBe(unasked.whole.upperExcess(0.05));
  });
});

describe("ErrorEvidence.worse", () => {
  test("is that of the whole version where nothing more is known", () => {
    const evidence = evidenceAfter(5, armOf(100, 5));
    expect(evidence.worse).toBe(evidence.whole.worse);
    expect(evidence.worse).toBeGreaterThan(20);
  });

  test("is held down by the other endpoints when one alone fails", () => {
    const evidence = evidenceAfter(20, armByEndpoint([20, 0, 0, 0]));
    expect(evidence.whole.worse).toBeGreaterThan(1_000);
    expect(evidence.worse).toBeLessThan(20);
  });

  test("is that of the version when all its endpoints fail", () => {
    const evidence = evidenceAfter(20, armByEndpoint([5, 5, 5, 5]));
    expect(evidence.worse).toBe(evidence.whole.worse);
  });

  test("weighs the rest of an endpoint by the rest's own share of the requests", () => {
    const rest = new ErrorTest(POLICY);
    rest.remember(armOf(6_000));
    for (let second = 0; second < 5; second += 1) rest.add(armOf(75, 3), armOf(100), 3 / 7);
    const evidence = evidenceAfter(5, armByEndpoint([17, 1, 1, 1]), { aloneFactor: 1 });
    expect(evidence.worse).toBeCloseTo(rest.worse, 9);
  });

  test("cannot tell an endpoint from its version when there is but one, or nobody asks", () => {
    const lone = evidenceAfter(20, armByEndpoint([20]));
    expect(lone.worse).toBe(lone.whole.worse);
    const unasked = evidenceAfter(20, armByEndpoint([20, 0, 0, 0]), { aloneFactor: Infinity });
    expect(unasked.worse).toBe(unasked.whole.worse);
  });

  test("compares a canary whole of which a single endpoint is left, or none is to blame", () => {
    const good = armByEndpoint([0, 0]);
    for (const bad of [
      { ...armOf(100, 10), endpoints: [] },
      { ...good, ...armOf(100, 10) },
    ]) {
      const evidence = new ErrorEvidence(POLICY);
      for (let second = 0; second < 60; second += 1) evidence.remember(armOf(100));
      for (let second = 0; second < 20; second += 1) evidence.add(good, armOf(100), 0.5);
      for (let second = 0; second < 10; second += 1) evidence.add(bad, armOf(100), 0.5);
      expect(evidence.worse).toBeGreaterThan(1_000);
    }
  });

  test("finds a small route that fails where a large one fails anyway", () => {
    const arm = (small: number): Arm => {
      const routes: readonly Counts[] = [
        { requests: 95, failures: 20 },
        { requests: 5, failures: small },
      ];
      return { ...armOf(100, 20 + small), routes };
    };
    const evidence = evidenceAfter(20, arm(1), {}, arm(0));
    expect(evidence.whole.worse).toBeLessThan(5);
    expect(evidence.worse).toBeGreaterThan(1_000);
  });

  test("counts keys or requests, as the policy says", () => {
    const oneUser = { ...armOf(100, 10), failingKeys: 1 };
    expect(evidenceAfter(1, oneUser).worse).toBeLessThan(20);
    expect(evidenceAfter(1, oneUser, { unit: "request" }).worse).toBeGreaterThan(20);
  });
});

const ROUTE: readonly Counts[] = [{ requests: 100, failures: 0 }];

test.each([
  ["the whole version", armOf(100), armOf(100, 5)],
  ["each endpoint", armByEndpoint([0, 0]), armByEndpoint([5, 2])],
  [
    "each route",
    { ...armOf(100), routes: ROUTE },
    { ...armOf(100), routes: ROUTE.map((route) => ({ ...route, failures: 5 })) },
  ],
])("ErrorEvidence.start() lets %s that breaks late be found as fast", (_, good, bad) => {
  const [started, unstarted] = [true, false].map((starts) => {
    const evidence = evidenceAfter(300, good, { aloneFactor: 1 });
    if (starts) evidence.start();
    for (let second = 0; second < 3; second += 1) evidence.add(bad, armOf(100), 0.5);
    return evidence.worse;
  });
  expect(started).toBeGreaterThan(1.5 * (unstarted ?? Infinity));
});
