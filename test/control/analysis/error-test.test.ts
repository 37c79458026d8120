import { describe, expect, test } from "vitest";
import { ErrorTest } from "../../../control/analysis/error-test.ts";
import { meanOverCounts } from "./expectation.ts";

const SIZES = [
  [1, 30],
  [5, 20],
  [10, 10],
  [20, 3],
] as const;

/** One second of evidence against the canary, on average, under two true rates. */
function meanEvidence(
  [n1, n0]: readonly [number, number],
  [q1, q0]: readonly [number, number],
  margin: number,
  known: number,
): number {
  return meanOverCounts({ n: n1, p: q1 }, { n: n0, p: q0 }, (k1, k0) => {
    const evidence = new ErrorTest({ margin, cap: Infinity });
    evidence.remember({ requests: 1_000, failures: known });
    evidence.add({ requests: n1, failures: k1 }, { requests: n0, failures: k0 }, n1 / (n1 + n0));
    return evidence.worse;
  });
}

describe("ErrorTest.worse", () => {
  test("is 1 or less on average when the canary is no worse, whatever the rate", () => {
    for (const size of SIZES) {
      for (const rate of [0, 0.001, 0.02, 0.2, 0.6]) {
        for (const known of [1, 100]) {
          expect(meanEvidence(size, [rate, rate], 0, known)).toBeLessThanOrEqual(1 + 1e-9);
          expect(meanEvidence(size, [rate / 2, rate], 0, known)).toBeLessThanOrEqual(1 + 1e-9);
          const above = [Math.min(1, rate + 0.001), rate] as const;
          expect(meanEvidence(size, above, 0.001, known)).toBeLessThanOrEqual(1 + 1e-9);
        }
      }
    }
  });

  test("grows on average when the canary is worse", () => {
    expect(meanEvidence([10, 10], [0.3, 0.01], 0, 10)).toBeGreaterThan(1.2);
  });

  test("stays where only one version has requests", () => {
    const evidence = new ErrorTest({ margin: 0, cap: 100 });
    evidence.add({ requests: 0, failures: 0 }, { requests: 10, failures: 0 }, 0.5);
    evidence.add({ requests: 10, failures: 10 }, { requests: 0, failures: 0 }, 1);
    expect(evidence.worse).toBeCloseTo(1, 12);
    expect(evidence.canary).toEqual({ requests: 10, failures: 10 });
  });
});

describe("ErrorTest.upperExcess()", () => {
  /** Seconds of 50 requests of each version. */
  function after(seconds: number, canaryFailures: number): number {
    const evidence = new ErrorTest({ margin: 0.0005, cap: 100 });
    for (let second = 0; second < seconds; second += 1) {
      evidence.add({ requests: 50, failures: canaryFailures }, { requests: 50, failures: 0 }, 0.5);
    }
    return evidence.upperExcess(0.05);
  }

  test("is everything at first, and shrinks while nothing fails", () => {
    expect(after(0, 0)).toBe(1);
    expect(after(10, 0)).toBeLessThan(0.05);
    expect(after(100, 0)).toBeLessThan(0.005);
  });

  test("stays above what really fails", () => {
    expect(after(1_000, 2)).toBeGreaterThanOrEqual(0.04);
  });
});

test("ErrorTest.excessFailures counts those above stable's rate, with their error", () => {
  const evidence = new ErrorTest({ margin: 0, cap: 100 });
  evidence.add({ requests: 100, failures: 7 }, { requests: 300, failures: 9 }, 0.25);
  expect(evidence.expectedFailures).toBeCloseTo(3, 12);
  expect(evidence.excessFailures).toBeCloseTo(4, 12);
  expect(evidence.excessError).toBeCloseTo(Math.sqrt(7 + 9 / 9), 12);
});

test("ErrorTest.clone() goes its own way", () => {
  const evidence = new ErrorTest({ margin: 0, cap: 100 });
  const copy = evidence.clone();
  copy.add({ requests: 10, failures: 10 }, { requests: 10, failures: 0 }, 0.5);
  expect([evidence.canary.requests, evidence.stable.requests]).toEqual([0, 0]);
  expect(evidence.worse).toBeCloseTo(1, 12);
  expect(copy.worse).toBeGreaterThan(1);
});
