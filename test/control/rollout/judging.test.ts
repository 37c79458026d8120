import { describe, expect, test } from "vitest";
import { Judging } from "../../../control/rollout/judging.ts";
import { armOf } from "../analysis/arms.ts";
import { rolloutOf } from "./specs.ts";

const BEFORE = { number: 0, share: 0, sinceMs: 0 };
const TENTH = { number: 1, share: 0.1, sinceMs: 0 };

function watched(wish: Parameters<typeof rolloutOf>[0] = {}): Judging {
  const judging = new Judging(rolloutOf(wish).spec);
  for (let second = 0; second < 10; second += 1) {
    expect(judging.verdict(BEFORE)).toBeUndefined();
    judging.add({ stable: armOf(100), canary: armOf(0) }, BEFORE);
  }
  return judging;
}

test("Judging watches stable for 10 s before it names a first weight", () => {
  expect(watched().verdict(BEFORE)).toMatchObject({ action: "raise", weight: 0.05 });
});

test("Judging caps weights by what the canary's endpoints carry", () => {
  const judging = watched({ capacity: { perEndpoint: 1 } });
  judging.look({ canary: 2 });
  expect([judging.verdict(BEFORE)?.weight, judging.shareMax]).toEqual([0.02, 0.02]);
});

describe("Judging by what an endpoint of stable has been seen with", () => {
  const wish = { capacity: { perEndpoint: "observed" as const } };

  test("gives the canary's endpoints half as many more each, and nothing before it knows", () => {
    const judging = new Judging(rolloutOf(wish).spec);
    judging.look({ stable: 4, canary: 1 });
    judging.add({ stable: armOf(100), canary: armOf(0) }, BEFORE);
    expect(judging.shareMax).toBe(0);
    const seen = watched(wish);
    seen.look({ stable: 4, canary: 1 });
    expect(seen.shareMax).toBeCloseTo(1.5 / 4, 9);
    // Those that have left since carried their part.
    seen.look({ stable: 1, canary: 2 });
    expect(seen.shareMax).toBeCloseTo(3 / 4, 9);
    const other = new Judging(rolloutOf(wish).spec, structuredClone(seen.state));
    other.look({ stable: 1, canary: 2 });
    expect(other.shareMax).toBe(seen.shareMax);
  });

  test("gives a slower canary fewer", () => {
    const judging = watched(wish);
    judging.look({ stable: 2, canary: 2 });
    for (let second = 0; second < 10; second += 1) {
      judging.add({ stable: armOf(90), canary: armOf(10, 0, 40) }, TENTH);
    }
    expect(judging.shareMax).toBeGreaterThan(0.3);
    expect(judging.shareMax).toBeLessThan(0.45);
  });
});

test("Judging of seconds with both says what they show, and which limit is broken", () => {
  const judging = watched({ guardRails: { errorRate: 0.01 } });
  judging.begin(TENTH);
  expect(judging.verdict(TENTH)).toMatchObject({ state: "inconclusive", weight: 0.1 });
  expect(judging.breach).toBeUndefined();
  for (let second = 0; second < 3; second += 1) {
    judging.add({ stable: armOf(90), canary: armOf(10, 1) }, TENTH);
  }
  expect(judging.verdict(TENTH)).toMatchObject({ state: "failed", action: "abort" });
  expect(judging.breach?.rule).toBe("guard-rail");
});

test("Judging that begins at a weight goes no step back", () => {
  const judging = new Judging(rolloutOf().spec);
  judging.begin({ ...TENTH, share: 0.25 });
  expect(judging.verdict({ ...TENTH, share: 0.25 })).toMatchObject({
    action: "hold",
    weight: 0.25,
  });
});
