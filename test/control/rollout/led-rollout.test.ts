import { expect, test } from "vitest";
import { readLookEntry } from "../../../control/rollout/look-entry-schema.ts";
import { replayRollouts } from "../../../control/rollout/replay.ts";
import { armOf } from "../analysis/arms.ts";
import { RolloutBed } from "./rollout-bed.ts";

const BY = { actor: "ann", reason: undefined };

test("LedRollout tells why it stays, the evidence, and of how many sidecars", async () => {
  const bed = await RolloutBed.start();
  const { id } = await bed.rollouts.begin({ service: "web", to: "v2" }, BY);
  await bed.pass(12);
  expect(bed.rollouts.live(id)).toMatchObject({ why: { rule: "reaction" }, seen: 1, of: 1 });
  expect(bed.rollouts.live(id)?.verdict?.limit).toBe(20);
});

test("LedRollout lets no weight grow while fewer than half of the sidecars are seen", async () => {
  const bed = await RolloutBed.start();
  const { id } = await bed.rollouts.begin({ service: "web", to: "v2" }, BY);
  bed.sidecars = { seen: 1, of: 3, unseen: [{ sidecar: "b", reason: "it answered 401" }] };
  await bed.pass(15);
  const text = "only 1 of 3 sidecars are seen: b (it answered 401)";
  expect(bed.rollouts.live(id)?.why).toEqual({ rule: "few-seen", text });
  expect(bed.rollouts.explain(id)).toContain(
    "The last second is of 1 of 3 sidecars: without b (it answered 401).",
  );
  expect(bed.rollouts.get(id).step.share).toBe(0);
  bed.sidecars = { seen: 2, of: 4, unseen: [] };
  await bed.pass(2);
  expect(bed.rollouts.get(id).step.share).toBeGreaterThan(0);
});

test("LedRollout gives up when nothing is counted for as long as it may wait", async () => {
  const bed = await RolloutBed.start();
  const wish = { service: "web", to: "v2", maxHold: 30_000 };
  const { id } = await bed.rollouts.begin(wish, BY);
  bed.counts = "worker 7 is silent";
  await bed.pass(31);
  expect(bed.rollouts.get(id)).toMatchObject({
    phase: "inconclusive",
    why: { rule: "hold-max", text: "nothing was counted for 30 s: worker 7 is silent" },
  });
  bed.counts = { stable: armOf(50), canary: armOf(50) };
  await bed.rollouts.act(id, "resume", { ...BY, full: false });
  await bed.pass(11);
  expect(bed.rollouts.get(id).step.share).toBeGreaterThan(0);
});

test("LedRollout goes on with what another one has kept, and can be replayed", async () => {
  const bed = await RolloutBed.start();
  const wish = { service: "web", to: "v2", soak: 600_000 } as const;
  const { id } = await bed.rollouts.begin(wish, BY);
  await bed.pass(60);
  const { share } = bed.rollouts.get(id).step;
  const before = bed.rollouts.live(id)?.verdict;
  bed.forgets = true;
  await bed.restart();
  await bed.pass(20);
  const { verdict, anewMs, takenOver } = bed.rollouts.live(id) ?? {};
  expect([anewMs, bed.rollouts.get(id).step.share >= share]).toEqual([undefined, true]);
  expect(verdict?.excessRateMax).toBeLessThanOrEqual(before?.excessRateMax ?? 0);
  expect(takenOver?.fromMs).toBeDefined();
  expect(bed.rollouts.explain(id)).toContainEqual(
    expect.stringMatching(/^The evidence until \S+ is that of whoever led it before; it goes on/),
  );
  expect(bed.logged).not.toContain("rollout.evidence-anew");
  const entries = bed.noted
    .map((entry) => readLookEntry(entry))
    .filter((each) => each !== undefined);
  const second = entries.slice(entries.findLastIndex(({ kind }) => kind === "begin"));
  const [replayed] = replayRollouts(second, ({ spec }) => spec.policy);
  expect([replayed?.looks, replayed?.differences]).toEqual([second.length - 1, []]);
});

test("LedRollout of a blue-green one waits for endpoints that stay", async () => {
  const bed = await RolloutBed.start();
  const ANY = { ...BY, ifMatch: "*", force: false } as const;
  const { v1, v2 } = bed.services.document("web").versions;
  const gone = { ...v2, endpoints: [] };
  await bed.services.put("web", { versions: { v1, v2: gone } as never }, ANY);
  const { id } = await bed.rollouts.begin({ service: "web", to: "v2", strategy: "blueGreen" }, BY);
  await bed.pass(30);
  expect(bed.rollouts.live(id)?.why.rule).toBe("no-healthy-endpoints");
  await bed.services.put("web", { versions: { v1, v2 } as never }, ANY);
  await bed.pass(9);
  expect(bed.weights()).toEqual({ v1: 100, v2: 0 });
  await bed.pass(3);
  expect(bed.weights()).toEqual({ v1: 0, v2: 100 });
});
