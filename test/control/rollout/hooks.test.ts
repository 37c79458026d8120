import { expect, test } from "vitest";
import type { HookAnswer } from "../../../control/rollout/hooks.ts";
import { questionOf } from "../../../control/rollout/hooks.ts";
import type { Observation } from "../../../control/rollout/observation.ts";
import { RolloutWorld } from "./rollout-world.ts";
import { BEFORE, rolloutOf, verdictOf } from "./specs.ts";

const HOOKS = { beforeStep: ["ci"], beforePromotion: ["boss"] };
const why = { rule: "x", text: "" };

function world(): RolloutWorld {
  return new RolloutWorld(rolloutOf({ steps: [10], stepFor: 5_000, hooks: HOOKS }));
}

function says(said: HookAnswer["says"], question: string): Partial<Observation> {
  return { verdict: verdictOf({}), hook: { question, says: said, text: "ci: no" } };
}

test("questionOf() asks before a weight and before a promotion, and never before an abort", () => {
  const { rollout } = world();
  const weight = (share: number) => ({ kind: "weight", share, next: true, why }) as const;
  const asked = [
    weight(0.1),
    weight(1),
    { kind: "succeed", why } as const,
    { kind: "abort", why } as const,
    { kind: "retreat", share: 0.1, why } as const,
    { kind: "next", why } as const,
  ].map((decision) => {
    const { names, nextShare } = questionOf(rollout, decision) ?? {};
    return names && [...names, nextShare];
  });
  expect(asked).toEqual([["ci", 0.1], ["boss", 1], ["boss", 1], undefined, undefined, undefined]);
  expect(questionOf(rolloutOf({}), weight(0.1))).toBeUndefined();
});

test("A rollout waits for what its hooks say, each time anew", () => {
  const going = world();
  expect(going.tick({ verdict: verdictOf({}) })).toBe("hold hook");
  expect(going.tick(says("waiting", "beforeStep/0/0"))).toBe("hold hook");
  expect(going.tick(says("yes", "beforeStep/7/7"))).toBe("hold hook");
  expect(going.settle(says("yes", "beforeStep/0/0"))).toBe("weight settle");
  going.nowMs += 5_000;
  expect(going.settle(says("yes", "beforeStep/0/0"))).toBe("next");
  expect(going.settle(says("yes", "beforePromotion/2/1"))).toBe("succeed settle");
});

test("A hook that says no pauses, and one that cannot be asked makes it inconclusive", () => {
  const refused = world();
  expect(refused.tick(says("no", "beforeStep/0/0"))).toBe("pause hook");
  refused.ask("resume");
  expect(refused.settle(says("yes", "beforeStep/0/0"))).toBe("settle");
  expect(refused.settle(says("yes", "beforeStep/0/1"))).toBe("weight settle");
  const wish = { hooks: HOOKS, onInconclusive: "promote", steps: [9] } as const;
  const failed = new RolloutWorld(rolloutOf({ ...wish, steps: [9] }));
  expect(failed.tick(says("failed", "beforeStep/0/0"))).toBe("inconclusive hook");
});

test("Hooks never stand in the way of an abort, nor of somebody who promotes", () => {
  const going = world();
  going.settle(says("yes", "beforeStep/0/0"));
  const failed = verdictOf({ state: "failed", action: "abort" });
  expect(going.tick({ verdict: failed })).toBe("abort soaking");
  going.settle({});
  expect(going.table).toEqual(BEFORE);
  const promoted = world();
  promoted.ask("promote", true);
  expect(promoted.settle({})).toBe("settle");
  expect(promoted.rollout.phase).toBe("successful");
});
