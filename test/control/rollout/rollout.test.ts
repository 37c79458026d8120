import { expect, test } from "vitest";
import { hasEnded, ownsWeights, PHASES, wantedShare } from "../../../control/rollout/rollout.ts";
import { rolloutOf } from "./specs.ts";

test("A rollout owns its service's weights until the table shows its end, or it lets go", () => {
  const rollout = { ...rolloutOf(), step: { number: 3, share: 0.25, sinceMs: 0 } };
  const table = PHASES.map((phase) => {
    const [begun, settled] = [false, true].map((each) => ({ ...rollout, phase, settled: each }));
    const owned = [begun, settled].map((each) => each !== undefined && ownsWeights(each));
    return [phase, hasEnded({ phase }), wantedShare({ ...rollout, phase }), ...owned];
  });
  expect(table).toEqual([
    ["progressing", false, 0.25, true, true],
    ["paused", false, 0.25, true, true],
    ["inconclusive", false, 0.25, true, true],
    ["retreating", false, 0.25, true, true],
    ["successful", true, 1, true, false],
    ["aborted", true, 0, true, false],
  ]);
  expect(ownsWeights({ ...rollout, phase: "paused", released: true })).toBe(false);
});
