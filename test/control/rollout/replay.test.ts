import { expect, test } from "vitest";
import { PRESETS } from "../../../control/analysis/judge-policy.ts";
import { readLookEntry } from "../../../control/rollout/look-entry-schema.ts";
import type { LookEntry } from "../../../control/rollout/look-entry.ts";
import { replayRollouts } from "../../../control/rollout/replay.ts";
import { armOf } from "../analysis/arms.ts";
import { RolloutBed } from "./rollout-bed.ts";

const BY = { actor: "ann", reason: undefined };
const ASKED = { ...BY, full: false };

/** What was noted of a rollout that went through everything, and of another one beside it. */
async function noted(): Promise<readonly LookEntry[]> {
  const bed = await RolloutBed.start();
  bed.counts = { stable: armOf(180, 1, 20), canary: armOf(20, 0, 21) };
  const { id } = await bed.rollouts.begin({ service: "web", to: "v2" }, BY);
  await bed.rollouts.begin({ service: "shop", to: "v2", steps: [1, 50], stepFor: 5_000 }, BY);
  await bed.pass(40);
  await bed.rollouts.act(id, "pause", ASKED);
  await bed.pass(3);
  await bed.restart();
  await bed.rollouts.act(id, "resume", ASKED);
  bed.counts = "worker 7 is silent";
  await bed.pass(3);
  bed.counts = { stable: armOf(180), canary: armOf(20, 20) };
  await bed.pass(5);
  expect(bed.rollouts.list().map(({ phase }) => phase)).toContain("aborted");
  return bed.noted.map((entry) => readLookEntry(entry)).filter((each) => each !== undefined);
}

test("replayRollouts() decides the same again, bit for bit, over restarts and verbs", async () => {
  const entries = await noted();
  const replays = replayRollouts(entries, ({ spec }) => spec.policy);
  expect(replays.map(({ differences }) => differences)).toEqual([[], []]);
  expect(replays.map(({ looks }) => looks > 10)).toEqual([true, true]);
});

test("replayRollouts() says where another policy would have decided otherwise", async () => {
  const eager = { ...PRESETS.fast, ramp: { ...PRESETS.fast.ramp, firstMax: 0.01 } };
  const [web] = replayRollouts(await noted(), () => eager);
  expect(web?.differences[0]).toMatchObject({
    was: { kind: "weight", share: 0.02, why: { rule: "first" } },
    is: { kind: "weight", share: 0.01, why: { rule: "first" } },
  });
});

test.each([null, {}, { kind: "look" }, { kind: "begin", atMs: 1, rollout: { id: 1 } }])(
  "readLookEntry() does not read %j",
  (entry) => {
    expect(readLookEntry(entry)).toBeUndefined();
  },
);
