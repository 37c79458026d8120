import { expect, test } from "vitest";
import { advance } from "../../../control/rollout/advance.ts";
import { rolloutView, rolloutViewSchema } from "../../../control/rollout/rollout-view.ts";
import { rolloutOf, verdictOf } from "./specs.ts";

test("rolloutView() of a rollout that nobody leads here says what is stored", () => {
  const view = rolloutView(rolloutOf({ strategy: "blueGreen" }), undefined);
  expect(rolloutViewSchema.parse(view)).toEqual(view);
  expect(view).toMatchObject({
    stages: ["checks 10 s", "weight 100 %", "keep 600 s"],
    started: "1970-01-01T00:00:00.000Z",
    now: undefined,
    evidence: undefined,
    seen: undefined,
  });
});

test("rolloutView() of one that is led here tells why it stays, and the evidence", () => {
  const why = { rule: "soaking", text: "20 s left" };
  const verdict = verdictOf({ against: 3, missing: ["p99: open"] });
  const view = rolloutView(rolloutOf({ steps: [{ mirror: {} }, { pause: {} }] }), {
    why,
    verdict,
    seen: 2,
    of: 3,
  });
  expect(rolloutViewSchema.parse(view)).toEqual(view);
  expect(view).toMatchObject({
    stages: ["copies of 100 % of the requests", "pause until promoted"],
    now: why,
    seen: "2 of 3",
    evidence: { against: 3, limit: 20, missing: ["p99: open"] },
  });
});

test("rolloutView() has no evidence where the new version has everything", () => {
  const live = { why: { rule: "time", text: "" }, verdict: verdictOf({}), seen: 1, of: 1 };
  const evidences = [0.5, 1].map((share) => {
    const rollout = rolloutOf();
    return rolloutView({ ...rollout, step: { ...rollout.step, share } }, live).evidence?.limit;
  });
  expect(evidences).toEqual([20, undefined]);
});

test("rolloutView() does not tell why it stayed before somebody decided otherwise", () => {
  const live = { why: { rule: "gate", text: "" }, verdict: undefined, seen: 1, of: 1 };
  const why = { rule: "resume-asked", text: "by ann" };
  const resumed = advance(rolloutOf(), { kind: "resume", why }, { nowMs: 2_000, by: "ann" });
  const nows = [1_999, 2_000].map((decidedMs) => rolloutView(resumed, { ...live, decidedMs }).now);
  expect(nows).toEqual([why, live.why]);
});

test("rolloutView() gives an ended one all, or nothing", () => {
  const [aborted, successful] = (["aborted", "successful"] as const).map((phase) => {
    return rolloutView({ ...rolloutOf(), phase }, undefined).share;
  });
  expect([aborted, successful]).toEqual([0, 1]);
});
