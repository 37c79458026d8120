import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { RolloutRequest } from "../../../control/rollout/rollout-schema.ts";
import { RolloutWorld } from "./rollout-world.ts";
import { BEFORE, rolloutOf, verdictOf } from "./specs.ts";

const ENOUGH = { verdict: verdictOf({}) };

function rolling(count: number, wish: Partial<RolloutRequest> = {}): RolloutWorld {
  const world = new RolloutWorld(rolloutOf({ strategy: "rolling", ...wish }));
  world.fresh = 0;
  world.old = Array.from({ length: count }, (_each, index) => {
    return { address: `10.0.0.${index}:80`, state: "ready", usable: true };
  });
  return world;
}

function drained({ old = [] }: RolloutWorld): number {
  return old.filter(({ state }) => state === "drain").length;
}

describe("inRolling()", () => {
  test("takes batches out as new ones come, with their share, and leaves nothing behind", () => {
    const world = rolling(5, { maxUnavailable: 2 });
    expect(world.settle({ verdict: undefined })).toBe("");
    const seen: unknown[] = [];
    for (const fresh of [0, 1, 2, 3, 4, 5]) {
      world.fresh = fresh;
      world.nowMs += 10_000;
      world.settle(ENOUGH);
      world.nowMs += 10_000;
      world.settle(ENOUGH);
      seen.push([fresh, drained(world), world.rollout.step.share]);
    }
    expect(seen).toEqual([
      [0, 2, 0],
      [1, 2, 0],
      [2, 4, 0.4],
      [3, 4, 0.4],
      [4, 0, 0.8],
      [5, 0, 0.8],
    ]);
    expect(world.rollout).toMatchObject({ phase: "successful", settled: true });
    expect(world.table).toEqual({ v1: 0, v2: 90, other: 10 });
  });

  test("never lets the last old one go before a new one is there", () => {
    const world = rolling(1);
    world.nowMs += 60_000;
    expect([world.settle(ENOUGH), world.tick(ENOUGH)]).toEqual(["", "hold few-endpoints"]);
    world.fresh = 1;
    expect(world.settle(ENOUGH)).toBe("next succeed settle");
  });

  test("holds between batches for as long as it should, and for enough requests", () => {
    const world = rolling(4, { maxUnavailable: "50%", checksFor: 30_000 });
    world.fresh = 4;
    expect(world.settle(ENOUGH)).toBe("weight settle weight settle");
    expect([drained(world), world.rollout.step.share]).toEqual([2, 0.5]);
    expect(world.tick(ENOUGH)).toBe("hold time");
    world.nowMs += 30_000;
    expect(world.tick({ verdict: verdictOf({ state: "inconclusive" }) })).toBe("hold soaking");
    expect(world.settle(ENOUGH)).toBe("next succeed settle");
  });

  test("gives up waiting for new ones, but does not promote what is not there", () => {
    for (const onInconclusive of ["pause", "promote", "abort"] as const) {
      const world = rolling(3, { onInconclusive, maxHold: 60_000 });
      expect(world.settle(ENOUGH)).toBe("weight settle");
      world.nowMs += 60_000;
      const wanted = onInconclusive === "abort" ? "abort" : "inconclusive";
      expect(world.tick(ENOUGH)).toBe(`${wanted} few-endpoints`);
    }
  });

  test("follows old ones that leave by themselves", () => {
    const world = rolling(4);
    world.fresh = 1;
    world.settle(ENOUGH);
    world.old = world.old?.slice(2);
    world.fresh = 3;
    expect(world.settle(ENOUGH)).toBe("weight settle");
    expect(world.rollout.step.share).toBe(0.5);
  });
});

test("A rolling rollout goes on by its endpoints, so that only `full` promotes it", () => {
  const world = rolling(3);
  world.settle(ENOUGH);
  world.ask("promote");
  expect(world.rollout.step.share).toBe(0);
  world.ask("promote", true);
  world.settle(ENOUGH);
  expect([drained(world), world.rollout.phase]).toEqual([0, "successful"]);
});

const happenings = fc.array(
  fc.oneof(
    { weight: 20, arbitrary: fc.constantFrom("comes", "time", "time") },
    { weight: 5, arbitrary: fc.constantFrom("dies", "crash", "resume") },
    { weight: 1, arbitrary: fc.constantFrom("bad", "pause", "ramp") },
  ),
  { maxLength: 80 },
);

test("Whatever happens, all but maxUnavailable serve, and an abort gives all back", () => {
  const counts = fc.integer({ min: 1, max: 6 });
  const property = fc.property(counts, counts, happenings, (count, maxUnavailable, all) => {
    const world = rolling(count, { maxUnavailable });
    let died = 0;
    for (const each of all) {
      if (each === "comes") world.fresh += 1;
      if (each === "dies" && world.fresh > 0) {
        world.fresh -= 1;
        died += 1;
      }
      if (each === "time") world.nowMs += 10_000;
      if (each === "crash") world.crashAtNextWrite = true;
      if (each === "pause" || each === "resume") world.ask(each);
      if (each === "ramp") world.ask("abort", false, 30_000);
      const bad = verdictOf({ state: "failed", action: "abort" });
      world.tick({ verdict: each === "bad" ? bad : verdictOf({}) });
      const old = (world.old ?? []).filter(({ usable }) => usable).length;
      const least = count - Math.min(count - 1, maxUnavailable) - died;
      const serving = world.table["v1"] === 0 ? world.fresh : old + world.fresh;
      expect(serving).toBeGreaterThanOrEqual(least);
      // Nobody is left with a share and without endpoints.
      if (world.table["v1"] !== 0) expect(old).toBeGreaterThan(0);
    }
    world.crashAtNextWrite = false;
    world.ask(world.rollout.phase === "successful" ? "undo" : "abort");
    world.settle({});
    expect([world.table, drained(world)]).toEqual([BEFORE, 0]);
  });
  fc.assert(property, { seed: 12, numRuns: 500 });
});
