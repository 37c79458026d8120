import { expect, test } from "vitest";
import { explainRollout } from "../../../control/rollout/explain.ts";
import { rolloutOf, verdictOf } from "./specs.ts";
import { RolloutBed } from "./rollout-bed.ts";
import { armOf } from "../analysis/arms.ts";

const ROLLOUT = { ...rolloutOf(), reason: "release 7" };
const verdict = verdictOf({
  against: 2.3456,
  missing: ["p99: not yet shown to be no slower"],
  excessFailures: 1.25,
  excessError: 0.5,
  excessRateMax: 0.03,
  metrics: [
    { name: "errors", against: 4.1, part: 0.5, fine: false },
    { name: "p50", against: 0.5, part: 0.1, fine: true },
  ],
});
const why = { rule: "soaking", text: "20 s left" };
const forecast = {
  endS: { low: 80, middle: 90, high: Infinity },
  promoted: 0.98,
  aborted: 0.02,
  harm: { low: 0, middle: 0, high: 1.234 },
  nextHarm: { low: 0, middle: 0, high: 0 },
  nextWeight: 0.25,
};

test("explainRollout() says everything with its numbers", () => {
  const live = { why, verdict, seen: 1, of: 1 };
  expect(explainRollout(ROLLOUT, { live, forecast })).toEqual([
    "web moves from v1 to v2 since 1970-01-01T00:00:00.000Z, as ann asked: release 7.",
    "It is progressing: v2 has 0 % of what both get, since 1970-01-01T00:00:00.000Z.",
    "Why it is there: 20 s left (soaking).",
    "Evidence against v2: 2.35; at 20 it is aborted. errors 4.1 (counts 50 %; not shown to be " +
      "no worse), p50 0.5 (counts 10 %; no worse).",
    "v2 had 1.25 ± 0.5 failed requests more than at v1's rate of the same seconds; it may cost 20.",
    "Its error rate is less than 3 points above; 0.5 points must be shown.",
    "Before it gets everything: p99: not yet shown to be no slower.",
    "If it goes on like this, it is over in 80 to over 900 s: v2 gets everything in 98 % of " +
      "the futures that are likely, nothing in 2 %, at the cost of 0 to 1.23 failed requests " +
      "more; the next weight is 25 %.",
    "What was decided:",
    "1970-01-01T00:00:00.000Z start by ann, 0 %: from v1 to v2 (started)",
  ]);
});

test.each([
  [undefined, "; nothing has been counted since."],
  [12_000, "; it goes on from there."],
  [31_000, "; 19 s after it are lost."],
])("explainRollout() says what of taken-over evidence is lost, from %s ms on", (fromMs, end) => {
  const live = { why, verdict, seen: 1, of: 1, takenOver: { untilMs: 12_000, fromMs } };
  expect(explainRollout(ROLLOUT, { live, forecast: undefined })[3]).toBe(
    `The evidence until 1970-01-01T00:00:12.000Z is that of whoever led it before${end}`,
  );
});

test("explainRollout() shows no comparison where the new version has everything", () => {
  const live = { why, verdict, seen: 1, of: 1 };
  const all = { ...ROLLOUT, step: { ...ROLLOUT.step, share: 1 } };
  expect(explainRollout(all, { live, forecast: undefined })).toHaveLength(5);
});

test("explainRollout() of one that is led elsewhere says what is stored", () => {
  const paused = {
    ...ROLLOUT,
    phase: "paused" as const,
    why: { rule: "taken-over", text: "by ben" },
    released: true,
    settled: false,
  };
  expect(explainRollout(paused, undefined).slice(1, 5)).toEqual([
    "It is paused: v2 has 0 % of what both get, since 1970-01-01T00:00:00.000Z.",
    "Why it is there: by ben (taken-over).",
    "Somebody has taken the service over; `resume` takes it back.",
    "The table does not show that yet.",
  ]);
});

test("A rollout under way is explained with what is to come", async () => {
  const bed = await RolloutBed.start();
  const { id } = await bed.rollouts.begin(
    { service: "web", to: "v2" },
    { actor: "ann", reason: undefined },
  );
  bed.counts = { stable: armOf(90), canary: armOf(10) };
  await bed.pass(20);
  const text = bed.rollouts.explain(id).join("\n");
  expect(text).toMatch(
    /If it goes on like this, it is over in \d+.* s: v2 gets everything in \d+ % of/,
  );
});
