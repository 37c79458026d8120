import { expect, test } from "vitest";
import { Judging } from "../../../control/rollout/judging.ts";
import { armOf } from "../analysis/arms.ts";
import { rolloutOf } from "./specs.ts";

const BEFORE = { number: 0, share: 0, sinceMs: 0 };
const TENTH = { number: 1, share: 0.1, sinceMs: 0 };

function watched(wish: Parameters<typeof rolloutOf>[0] = {}): Judging {
  const judging = new Judging(rolloutOf(wish).spec);
  for (let second = 0; second < 10; second += 1) {
    expect(judging.verdict(BEFORE, 1)).toBeUndefined();
    judging.add({ stable: armOf(100), canary: armOf(0) }, BEFORE);
  }
  return judging;
}

test("Judging watches stable for 10 s before it names a first weight", () => {
  expect(watched().verdict(BEFORE, 1)).toMatchObject({ action: "raise", weight: 0.05 });
});

test("Judging caps weights by what the canary's endpoints carry", () => {
  const judging = watched({ capacity: { perEndpoint: 1 } });
  expect(judging.verdict(BEFORE, 2)?.weight).toBe(0.02);
});

test("Judging of seconds with both says what they show, and which limit is broken", () => {
  const judging = watched({ guardRails: { errorRate: 0.01 } });
  judging.begin(TENTH);
  expect(judging.verdict(TENTH, 1)).toMatchObject({ state: "inconclusive", weight: 0.1 });
  expect(judging.breach).toBeUndefined();
  for (let second = 0; second < 3; second += 1) {
    judging.add({ stable: armOf(90), canary: armOf(10, 1) }, TENTH);
  }
  expect(judging.verdict(TENTH, 1)).toMatchObject({ state: "failed", action: "abort" });
  expect(judging.breach?.rule).toBe("guard-rail");
});

test("Judging that begins at a weight goes no step back", () => {
  const judging = new Judging(rolloutOf().spec);
  judging.begin({ ...TENTH, share: 0.25 });
  expect(judging.verdict({ ...TENTH, share: 0.25 }, 1)).toMatchObject({
    action: "hold",
    weight: 0.25,
  });
});
