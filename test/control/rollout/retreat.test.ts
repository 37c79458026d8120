import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { StoreError } from "../../../control/base/errors.ts";
import { isRetreatLate, shareInRetreat } from "../../../control/rollout/retreat.ts";
import { RolloutBed } from "./rollout-bed.ts";
import { RolloutWorld } from "./rollout-world.ts";
import { BEFORE, rolloutOf, verdictOf } from "./specs.ts";

const RAMP_MS = 30_000;
const ASKED = { actor: "ann", reason: "no hurry", full: false, rampMs: RAMP_MS };
const STEPS = { service: "web", to: "v2", steps: [50], stepFor: 600_000 };
const ALL_BACK = { v1: 100, v2: 0 };

/** A rollout at half of the traffic, on its way back. */
function retreating(): RolloutWorld {
  const world = new RolloutWorld(rolloutOf({ steps: [50] }));
  world.settle({ verdict: verdictOf({}) });
  world.ask("abort", false, RAMP_MS);
  return world;
}

test("shareInRetreat() falls at once, in equal steps, to 0 when the time is over", () => {
  const retreat = { fromShare: 0.6, sinceMs: 1_000, forMs: 5_000 };
  const shares = [0, 999, 1_000, 2_000, 3_000, 4_000, 5_000, 99_000].map((ms) => {
    return Number(shareInRetreat(retreat, 1_000 + ms).toFixed(3));
  });
  expect(shares).toEqual([0.5, 0.5, 0.4, 0.3, 0.2, 0.1, 0, 0]);
});

test("shareInRetreat() never rises, whatever the times are", () => {
  const times = fc.array(fc.integer({ min: -9_999, max: 99_999 }), { minLength: 2, maxLength: 9 });
  const property = fc.property(times, fc.integer({ min: 1_000, max: 60_000 }), (all, forMs) => {
    const retreat = { fromShare: 0.5, sinceMs: 0, forMs };
    const shares = all
      .toSorted((one, other) => one - other)
      .map((at) => shareInRetreat(retreat, at));
    expect(shares).toEqual(shares.toSorted((one, other) => other - one));
    expect(Math.max(...shares)).toBeLessThan(0.5);
  });
  fc.assert(property, { seed: 11 });
});

describe("reconcileRetreat()", () => {
  test("takes at most ten steps, and ends with everything back", () => {
    const world = retreating();
    let steps = 1;
    for (; world.rollout.phase === "retreating"; world.nowMs += 1_000) {
      if (world.settle({}).includes("retreat")) steps += 1;
    }
    expect([steps, world.nowMs]).toEqual([10, RAMP_MS + 1_000]);
    expect(world.table).toEqual(BEFORE);
  });

  test.each([
    ["the canary is worse", { verdict: verdictOf({ state: "failed", action: "abort" }) }],
    ["it breaks a limit", { breach: { rule: "guard-rail", text: "" } }],
    ["its service is gone", { table: undefined }],
  ] as const)("takes all back at once when %s", (_what, seen) => {
    const world = retreating();
    world.settle({});
    expect(world.tick(seen)).toMatch(/^abort /);
    expect(world.table).toEqual(BEFORE);
  });

  test("does not leave weights of others in force", () => {
    const world = retreating();
    world.settle({});
    world.table = { v1: 0, v2: 90, other: 10 };
    world.revision += 1;
    expect(world.tick({})).toMatch(/^abort /);
    expect(world.table).toEqual(BEFORE);
  });
});

describe("An abort with a ramp", () => {
  async function begun(): Promise<{ readonly bed: RolloutBed; readonly id: string }> {
    const bed = await RolloutBed.start();
    const { id } = await bed.rollouts.begin(STEPS, ASKED);
    await bed.pass(1);
    expect(bed.weights()).toEqual({ v1: 5_000, v2: 5_000 });
    return { bed, id };
  }

  test("goes on after a restart, and is over in time", async () => {
    const { bed, id } = await begun();
    await bed.rollouts.act(id, "abort", ASKED);
    expect(bed.weights()["v2"]).toBeLessThan(5_000);
    await bed.pass(10);
    const middle = bed.weights()["v2"];
    expect(middle).toBeLessThan(3_500);
    await bed.restart();
    await bed.pass(10);
    expect(bed.weights()["v2"]).toBeLessThan(middle ?? 0);
    await bed.pass(12);
    expect(bed.weights()).toEqual(ALL_BACK);
    expect(bed.rollouts.get(id)).toMatchObject({ phase: "aborted", settled: true });
  });

  test("ends in every sidecar when nobody leads, and when nothing can be stored", async () => {
    const { bed, id } = await begun();
    bed.leads = false;
    await bed.restart();
    await bed.rollouts.act(id, "abort", ASKED);
    bed.documents.isAway = true;
    bed.tableStore.fails = new StoreError("store_unwritable", "Consul is away");
    await bed.pass(40);
    expect(bed.weights()).toEqual(ALL_BACK);
    expect(isRetreatLate(bed.rollouts.get(id), bed.clock.wallMs())).toBe(false);
  });

  test("is not begun from weights of others; without a ramp it is", async () => {
    const { bed, id } = await begun();
    const context = { ...ASKED, ifMatch: "*", takeOver: true } as const;
    await bed.services.shift("web", { v1: 99, v2: 1 }, context);
    await expect(bed.rollouts.act(id, "abort", ASKED)).rejects.toThrow("or no ramp, found weights");
    await bed.rollouts.act(id, "abort", { ...ASKED, rampMs: undefined });
    expect(bed.weights()).toEqual(ALL_BACK);
  });

  test("is not stopped by a freeze, and somebody may take over", async () => {
    const { bed, id } = await begun();
    await bed.rollouts.freeze("web", bed.clock.wallMs() + 3_600_000, ASKED);
    await bed.rollouts.act(id, "abort", ASKED);
    await bed.pass(4);
    expect(bed.weights()["v2"]).toBeLessThan(4_500);
    await bed.rollouts.thaw("web", ASKED);
    await expect(bed.rollouts.act(id, "promote", ASKED)).rejects.toMatchObject({
      code: "rollout_phase",
    });
    const context = { ...ASKED, ifMatch: "*", takeOver: true } as const;
    await bed.services.shift("web", { v1: 30, v2: 70 }, context);
    await bed.pass(40);
    expect([bed.weights(), bed.rollouts.get(id).phase]).toEqual([{ v1: 30, v2: 70 }, "aborted"]);
  });
});
