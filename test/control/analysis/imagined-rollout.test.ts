import { expect, test } from "vitest";
import { Draws } from "../../../control/analysis/draws.ts";
import { Evidence } from "../../../control/analysis/evidence.ts";
import { ImaginedRollout } from "../../../control/analysis/imagined-rollout.ts";
import type { Imagined, Truth } from "../../../control/analysis/imagined-rollout.ts";
import { PRESETS } from "../../../control/analysis/judge-policy.ts";
import type { RampState } from "../../../control/analysis/next-weight.ts";
import { seededRandom } from "../../../proxy/base/random.ts";
import { armOf, secondsOf } from "./arms.ts";

const { judge: policy, ramp } = PRESETS.standard;
const STATE: RampState = { weight: 0.1, stepS: 20, totalS: 20, perSecond: 100, weightMax: 1 };
const GOOD: Truth = { stableRate: 0.001, excess: 0, perSecond: 100, slow: [0.5, 0.05, 0.01] };

/** After 20 good seconds at 10 %. */
function evidence(ms = 10): Evidence {
  const seen = new Evidence(policy);
  for (let second = 0; second < 60; second += 1) seen.remember(armOf(100));
  const arms = { stable: armOf(90), canary: armOf(10, 0, ms) };
  for (const second of secondsOf(20, { ...arms, weight: 0.1 })) seen.add(second);
  return seen;
}

function play(truth: Partial<Truth>, state: Partial<RampState> = {}, horizonS = 900): Imagined {
  const draws = new Draws(seededRandom(7));
  const rollout = new ImaginedRollout(
    evidence(),
    ramp,
    { ...STATE, ...state },
    { ...GOOD, ...truth },
    draws,
  );
  return rollout.play(horizonS);
}

test("ImaginedRollout promotes a good canary after the soak, at no harm", () => {
  const { end, endS, harm, nextHarm, nextWeight } = play({});
  expect({ end, harm, nextHarm }).toEqual({ end: "promoted", harm: 0, nextHarm: 0 });
  expect(endS).toBeGreaterThanOrEqual(ramp.soakS - STATE.totalS);
  expect(endS).toBeLessThan(300);
  expect(nextWeight).toBeGreaterThan(STATE.weight);
});

test("ImaginedRollout aborts a broken canary within seconds, and counts until it is out", () => {
  const { end, endS, harm, nextHarm, nextWeight } = play({ excess: 1 });
  expect(end).toBe("aborted");
  expect(endS).toBeLessThan(5);
  // 10 requests a second, all of which fail, of the seconds until and of the one that acting takes.
  expect(harm).toBeGreaterThan(5 * endS);
  expect(harm).toBeLessThan(20 * endS);
  expect({ nextHarm, nextWeight }).toEqual({ nextHarm: 0, nextWeight: STATE.weight });
});

test("ImaginedRollout aborts for latency alone, once the canary is warm", () => {
  const slow = play({ slow: [1, 1, 1] });
  expect(slow).toMatchObject({ end: "aborted", harm: 0 });
  expect(STATE.totalS + slow.endS).toBeGreaterThan(policy.warmUpS);
});

test("ImaginedRollout knows what was found before the canary is warm", () => {
  const rollout = new ImaginedRollout(
    evidence(10_000),
    ramp,
    STATE,
    GOOD,
    new Draws(seededRandom(7)),
  );
  expect(rollout.play(900)).toMatchObject({ end: "aborted", endS: 2 });
});

test("ImaginedRollout counts apart what the next weight costs", () => {
  const { harm, nextHarm, nextWeight } = play({ excess: 0.002 });
  expect(nextWeight).toBeGreaterThan(STATE.weight);
  expect(nextHarm).toBeGreaterThan(0);
  expect(nextHarm).toBeLessThan(harm);
});

test("ImaginedRollout stays undecided where nothing comes, and at the horizon", () => {
  const never = { end: "undecided", endS: Infinity, harm: 0 };
  expect(play({ perSecond: 0 })).toMatchObject(never);
  expect(play({}, {}, 1)).toMatchObject({ ...never, nextWeight: STATE.weight });
});

test("ImaginedRollout gives no more than the version can carry", () => {
  const { end, nextWeight } = play({}, { weightMax: 0.25 });
  expect({ end, nextWeight }).toEqual({ end: "undecided", nextWeight: 0.25 });
});

test("ImaginedRollout has its own copy of the evidence", () => {
  const seen = evidence();
  const [against, requests] = [seen.against, seen.errors.whole.canary.requests];
  const draws = new Draws(seededRandom(7));
  new ImaginedRollout(seen, ramp, STATE, { ...GOOD, excess: 1 }, draws).play(900);
  expect([seen.against, seen.errors.whole.canary.requests]).toEqual([against, requests]);
});
