import { expect, test } from "vitest";
import { RolloutWorld } from "./rollout-world.ts";
import { BEFORE, rolloutOf, verdictOf } from "./specs.ts";

const breach = { rule: "guard-rail", text: "9 % errors" };

/** At half of the traffic. */
function atHalf(): RolloutWorld {
  const world = new RolloutWorld(rolloutOf({ steps: [50] }));
  expect(world.settle({ verdict: verdictOf({}) })).toBe("weight settle");
  return world;
}

test("A rollout does not abort by itself to a version without endpoints, until it has one", () => {
  const world = atHalf();
  const { table } = world;
  world.back = 0;
  expect(world.tick({ breach })).toBe("pause no-way-back");
  expect(world.tick({ breach })).toBe("hold no-way-back");
  expect([world.table, world.rollout.why.text]).toEqual([
    table,
    "v1 has no endpoint to take it back: 9 % errors",
  ]);
  world.back = 1;
  expect(world.settle({ breach })).toBe("abort settle");
  expect(world.table).toEqual(BEFORE);
});

test("Somebody who aborts is not held up, nor what has nothing to lose", () => {
  const asked = atHalf();
  asked.back = 0;
  asked.ask("abort");
  asked.settle({});
  expect(asked.table).toEqual(BEFORE);
  const dead = atHalf();
  [dead.back, dead.fresh] = [0, 0];
  expect(dead.tick({ breach })).toBe("abort guard-rail");
});
