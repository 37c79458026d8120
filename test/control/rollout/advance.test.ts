import { expect, test } from "vitest";
import { advance } from "../../../control/rollout/advance.ts";
import type { Decision } from "../../../control/rollout/decision.ts";
import { DECISIONS_KEPT_MAX } from "../../../control/rollout/rollout.ts";
import { rolloutOf } from "./specs.ts";

const why = { rule: "x", text: "y" };
const ROLLOUT = rolloutOf({ steps: [10, 50] });
const of = (decision: Decision): ReturnType<typeof advance> =>
  advance(ROLLOUT, decision, { nowMs: 7, by: "ann" });

test("advance() leaves a rollout as it is, and writes what does not show any more", () => {
  expect(of({ kind: "hold", why })).toBe(ROLLOUT);
  const written = of({ kind: "apply", why });
  expect(written).toEqual({ ...ROLLOUT, settled: false });
  expect(advance(written, { kind: "apply", why }, { nowMs: 8 })).toBe(written);
});

test.each([
  ["progressing", { kind: "weight", share: 0.1, next: true, why }, { stage: 1, settled: false }],
  ["progressing", { kind: "weight", share: 0.1, next: false, why }, { stage: 0, settled: false }],
  ["progressing", { kind: "next", why }, { stage: 1, stageSinceMs: 7, settled: true }],
  ["progressing", { kind: "resume", why }, { stage: 0, stageSinceMs: 7, settled: false }],
  ["paused", { kind: "pause", why }, { settled: true, released: false }],
  ["paused", { kind: "release", why }, { settled: true, released: true }],
  ["inconclusive", { kind: "inconclusive", why }, { settled: true }],
  [
    "retreating",
    { kind: "retreat", share: 0.05, forMs: 9_000, why },
    { settled: false, retreat: { fromShare: 0, sinceMs: 7, forMs: 9_000 } },
  ],
  ["aborted", { kind: "abort", why }, { settled: false }],
  ["successful", { kind: "succeed", why }, { settled: false }],
] as const)("advance() makes it %s: %j", (phase, decision, others) => {
  const after = of(decision);
  expect(after).toMatchObject({ phase, why, ...others });
  expect(after.history.at(-1)).toMatchObject({ ...why, kind: decision.kind, by: "ann", atMs: 7 });
});

test("advance() gives each step another number, also the same share again", () => {
  const first = of({ kind: "weight", share: 0.1, next: true, why });
  const again = advance(first, { kind: "resume", why }, { nowMs: 9 });
  expect([first.step, again.step]).toEqual([
    { number: 1, share: 0.1, sinceMs: 7 },
    { number: 2, share: 0.1, sinceMs: 9 },
  ]);
});

test("advance() keeps the latest decisions only", () => {
  let rollout = ROLLOUT;
  for (let count = 0; count < 2 * DECISIONS_KEPT_MAX; count += 1) {
    rollout = advance(rollout, { kind: "pause", why }, { nowMs: count });
  }
  expect(rollout.history).toHaveLength(DECISIONS_KEPT_MAX);
  expect(rollout.history.at(-1)?.atMs).toBe(2 * DECISIONS_KEPT_MAX - 1);
});

test("advance() keeps when a retreat began, and ends it when somebody takes it over", () => {
  const first = of({ kind: "retreat", share: 0.05, forMs: 9_000, why });
  const again = advance(first, { kind: "retreat", share: 0.01, why }, { nowMs: 9 });
  expect([again.retreat, again.step.share]).toEqual([first.retreat, 0.01]);
  const released = advance(again, { kind: "release", why }, { nowMs: 9 });
  expect(released).toMatchObject({ phase: "aborted", released: true, settled: true });
});
