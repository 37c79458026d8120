import { expect, test } from "vitest";
import { PRESETS } from "../../../control/analysis/judge-policy.ts";
import { specOf } from "../../../control/rollout/plan.ts";

const WEB = { service: "web", to: "v2" };

test("specOf() goes by evidence, as the standard preset does, unless told otherwise", () => {
  expect(specOf(WEB, "v1")).toEqual({
    ...WEB,
    from: "v1",
    strategy: "canary",
    stages: [{ kind: "evidence" }],
    policy: PRESETS.standard,
    guardRails: { errorRateMax: undefined, p99MsMax: undefined },
    capacity: undefined,
  });
});

test("specOf() makes stages of steps: a bare share holds for a time, and 100 is the end", () => {
  const steps = [5, { setWeight: 20 }, { analysis: {} }, { pause: { duration: 9_000 } }, 100];
  expect(specOf({ ...WEB, steps, stepFor: 7_000 }, "v1").stages).toEqual([
    { kind: "weight", share: 0.05 },
    { kind: "pause", forMs: 7_000 },
    { kind: "weight", share: 0.2 },
    { kind: "analysis" },
    { kind: "pause", forMs: 9_000 },
  ]);
});

test("specOf() keeps 100 as a share where something follows it", () => {
  const steps = [100, { pause: {} }];
  expect(specOf({ ...WEB, steps, stepFor: 7_000 }, "v1").stages).toEqual([
    { kind: "weight", share: 1 },
    { kind: "pause", forMs: 7_000 },
    { kind: "pause", forMs: undefined },
  ]);
});

test("specOf() of blue-green checks, switches and keeps", () => {
  const { stages } = specOf({ ...WEB, strategy: "blueGreen", keepOldFor: 5_000 }, "v1");
  expect(stages).toEqual([
    { kind: "checks", forMs: 10_000 },
    { kind: "weight", share: 1 },
    { kind: "keep", forMs: 5_000 },
  ]);
});

test("specOf() of blue-green may show it to some first, and wait for a person", () => {
  const preview = { headers: { "x-canary": "1" } };
  const { stages } = specOf({ ...WEB, strategy: "blueGreen", preview, gate: true }, "v1");
  expect(stages.map(({ kind }) => kind)).toEqual([
    "headerRoute",
    "checks",
    "pause",
    "weight",
    "keep",
  ]);
  expect([stages[0], stages[2]]).toMatchObject([{ match: preview }, { forMs: undefined }]);
});

test("specOf() puts what is said in the preset's place, and nothing else", () => {
  const wish = { soak: 60_000, budget: 5, minRequests: 9, maxHold: 120_000 } as const;
  const { policy } = specOf({ ...WEB, preset: "fast", ...wish, onInconclusive: "abort" }, "v1");
  expect(policy).toEqual({
    judge: PRESETS.fast.judge,
    ramp: { ...PRESETS.fast.ramp, soakS: 60, budgetFailures: 5 },
    patience: { requestsMin: 9, holdMaxS: 120, onInconclusive: "abort" },
  });
});

test("specOf() of a rolling one takes a number of endpoints or a part, and one by default", () => {
  const most = [undefined, 3, "25%"].map((maxUnavailable) => {
    return specOf({ ...WEB, strategy: "rolling", maxUnavailable }, "v1").stages;
  });
  const stage = { kind: "rolling", checksForMs: 10_000 };
  expect(most).toEqual([
    [{ ...stage, maxUnavailable: { kind: "count", count: 1 } }],
    [{ ...stage, maxUnavailable: { kind: "count", count: 3 } }],
    [{ ...stage, maxUnavailable: { kind: "part", part: 0.25 } }],
  ]);
});
