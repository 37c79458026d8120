import { describe, expect, test } from "vitest";
import { PHASES } from "../../../control/rollout/rollout.ts";
import type { Rollout } from "../../../control/rollout/rollout.ts";
import { decideVerb, VERBS } from "../../../control/rollout/verbs.ts";
import type { Verb } from "../../../control/rollout/verbs.ts";
import { rolloutOf } from "./specs.ts";

const ASKED = { actor: "ann", reason: "late", full: false };

function decided(verb: Verb, rollout: Rollout, full = false): string {
  const answer = decideVerb(verb, rollout, { ...ASKED, full }, 0);
  return answer.kind === "decided" ? answer.decision.kind : answer.kind;
}

test("decideVerb() does in each phase what the page says", () => {
  const table = PHASES.map((phase) => [
    phase,
    ...VERBS.map((verb) => decided(verb, { ...rolloutOf(), phase })),
  ]);
  expect([["", ...VERBS], ...table]).toEqual([
    ["", "promote", "pause", "resume", "abort", "undo"],
    ["progressing", "weight", "pause", "done", "abort", "refused"],
    ["paused", "weight", "done", "resume", "abort", "refused"],
    ["inconclusive", "weight", "pause", "resume", "abort", "refused"],
    ["retreating", "refused", "refused", "refused", "abort", "refused"],
    ["successful", "done", "refused", "refused", "refused", "abort"],
    ["aborted", "refused", "refused", "refused", "done", "done"],
  ]);
});

test("decideVerb() promotes to the ladder's next weight, the next stage, or all the way", () => {
  const rollout = rolloutOf();
  const at = (share: number): Rollout => ({ ...rollout, step: { number: 1, share, sinceMs: 0 } });
  expect(decideVerb("promote", at(0.05), ASKED, 0)).toMatchObject({ decision: { share: 0.1 } });
  expect(decided("promote", at(0.5))).toBe("succeed");
  expect(decided("promote", at(0.05), true)).toBe("succeed");
  expect(decided("promote", { ...rolloutOf({ steps: [5] }), stage: 1 })).toBe("next");
});

test("decideVerb() refuses what would do nothing: at a gate, and when it was taken over", () => {
  const rollout = { ...rolloutOf(), phase: "paused" } as const;
  const atGate = { ...rollout, why: { rule: "gate", text: "" } };
  expect([decided("resume", atGate), decided("promote", atGate)]).toEqual(["refused", "weight"]);
  expect(decided("promote", { ...rollout, released: true })).toBe("refused");
});

test("decideVerb() says who asked, and why", () => {
  expect(decideVerb("abort", rolloutOf(), ASKED, 0)).toMatchObject({
    decision: { why: { rule: "abort-asked", text: "by ann: late" } },
  });
});

test("decideVerb() gives back bit by bit what there is, and only once", () => {
  const asked = { ...ASKED, rampMs: 30_000 };
  const begun = rolloutOf();
  const atTenth: Rollout = { ...begun, step: { number: 1, share: 0.1, sinceMs: 0 } };
  const kinds = (["abort", "undo", "pause"] as const).map((verb) => {
    return [begun, atTenth, { ...atTenth, phase: "retreating" } as const].map((rollout) => {
      const answer = decideVerb(verb, rollout, asked, 0);
      return answer.kind === "decided" ? answer.decision.kind : answer.kind;
    });
  });
  expect(kinds).toEqual([
    ["abort", "retreat", "done"],
    ["refused", "refused", "refused"],
    ["refused", "refused", "refused"],
  ]);
  expect(decideVerb("undo", { ...begun, phase: "successful" }, asked, 0)).toMatchObject({
    decision: { kind: "retreat", forMs: 30_000 },
  });
});

describe("promote takes the step that the rollout waits with", () => {
  const copies = { percent: 20 };
  const route = { setHeaderRoute: { headers: { "x-canary": "1" } } };
  const steps = [route, 5, { mirror: copies }];

  test.each([
    [0, { kind: "weight", share: 0, next: true, match: { headers: { "x-canary": "1" } } }],
    [1, { kind: "weight", share: 0.05, next: true }],
    [2, { kind: "next" }],
    [3, { kind: "weight", share: 0, next: true, copies }],
    [4, { kind: "succeed" }],
  ])("in stage %d", (stage, decision) => {
    const answer = decideVerb("promote", { ...rolloutOf({ steps }), stage }, ASKED, 0);
    expect(answer).toMatchObject({ kind: "decided", decision });
  });
});
