import { describe, expect, test } from "vitest";
import { ErrorTest } from "../../../control/analysis/error-test.ts";
import { PRESETS } from "../../../control/analysis/judge-policy.ts";
import { missing, nextWeight } from "../../../control/analysis/next-weight.ts";
import type { RampState, RampView } from "../../../control/analysis/next-weight.ts";

const { judge: policy, ramp } = PRESETS.standard;

const START: RampState = { weight: 0, stepS: 0, totalS: 0, perSecond: 50, weightMax: 1 };

/** A view after `requests` of each version at equal shares, of which so many failed. */
function viewAfter(requests: number, failures = 0, latencyFine = true): RampView {
  const errors = new ErrorTest(policy.errors);
  errors.remember({ requests: 10_000, failures: 10 });
  for (let sent = 0; sent < requests; sent += 50) {
    const now = { requests: 50, failures: sent === 0 ? failures : 0 };
    errors.add(now, { requests: 50, failures: 0 }, 0.5);
  }
  return {
    policy,
    errors,
    upperExcess: errors.upperExcess(policy.beta),
    latencyFine: [latencyFine, latencyFine, latencyFine],
    latencyRequests: requests,
  };
}

describe("nextWeight() at the beginning", () => {
  test("takes the largest weight at which a total failure stays within the budget", () => {
    const next = nextWeight(viewAfter(0), ramp, START);
    expect(next).toMatchObject({ weight: 0.1, rule: "first" });
    expect(next.text).toContain("of the 20.0 that are left");
  });

  test("takes less where there is more traffic, and never more than the first may be", () => {
    const first = (perSecond: number): number =>
      nextWeight(viewAfter(0), ramp, { ...START, perSecond }).weight;
    expect([first(5), first(500), first(100_000)]).toEqual([0.1, 0.01, 0.002]);
  });

  test("takes no more than the version can carry", () => {
    expect(nextWeight(viewAfter(0), ramp, { ...START, weightMax: 0.02 }).weight).toBe(0.02);
  });
});

describe("nextWeight() on the way", () => {
  test("waits until a weight has had time to show", () => {
    const state = { ...START, weight: 0.05, stepS: 2, totalS: 2 };
    expect(nextWeight(viewAfter(100), ramp, state)).toMatchObject({
      weight: 0.05,
      rule: "reaction",
    });
  });

  test("climbs by evidence, by no more than the growth allows", () => {
    const state = { ...START, weight: 0.01, stepS: 10, totalS: 40, perSecond: 500 };
    const next = nextWeight(viewAfter(300), ramp, state);
    expect(next.rule).toBe("price");
    expect(next.weight).toBeGreaterThan(0.01);
    expect(next.weight).toBeLessThanOrEqual(0.05);
  });

  test("stays where the budget has been spent", () => {
    const state = { ...START, weight: 0.1, stepS: 30, totalS: 130, perSecond: 500 };
    const next = nextWeight(viewAfter(200, 40), ramp, state);
    expect(next).toMatchObject({ weight: 0.1, rule: "price" });
  });

  test("says that the version cannot carry more", () => {
    const state = { ...START, weight: 0.05, stepS: 10, totalS: 130, weightMax: 0.06 };
    expect(nextWeight(viewAfter(300), ramp, state)).toMatchObject({
      weight: 0.05,
      rule: "capacity",
    });
  });
});

describe("nextWeight() when all is shown", () => {
  const shown = viewAfter(20_000);

  test("soaks first, climbs the rest of the ladder at the end, then gives everything", () => {
    const at = (weight: number, totalS: number, stepS = 20): unknown =>
      nextWeight(shown, ramp, { ...START, weight, totalS, stepS });
    expect(at(0.1, 60)).toMatchObject({ weight: 0.1, rule: "soaking" });
    expect(at(0.1, 99)).toMatchObject({ weight: 0.1, rule: "soaking" });
    expect(at(0.1, 100)).toMatchObject({ weight: 0.25, rule: "complete" });
    expect(at(0.25, 112, 3)).toMatchObject({ weight: 0.25, rule: "settling" });
    expect(at(0.25, 119)).toMatchObject({ weight: 0.5, rule: "complete" });
    expect(at(0.5, 119)).toMatchObject({ weight: 0.5, rule: "soaking" });
    expect(at(0.5, 122, 3)).toMatchObject({ weight: 0.5, rule: "settling" });
    expect(at(0.5, 130)).toMatchObject({ weight: 1, rule: "not-worse" });
  });

  test("gives nothing that the version cannot carry", () => {
    const state = { ...START, weight: 0.5, stepS: 20, totalS: 150, weightMax: 0.9 };
    expect(nextWeight(shown, ramp, state)).toMatchObject({ weight: 0.5, rule: "capacity" });
  });
});

test("missing() says what is not shown yet", () => {
  expect(missing(viewAfter(20_000), ramp)).toEqual([]);
  expect(missing(viewAfter(0, 0, false), ramp)).toEqual([
    "errors: 100 points more than stable's are not excluded",
    "p95: not yet shown to be no slower",
    "p99: not yet shown to be no slower",
  ]);
});
