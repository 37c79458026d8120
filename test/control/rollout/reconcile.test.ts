import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { advance } from "../../../control/rollout/advance.ts";
import { reconcile } from "../../../control/rollout/reconcile.ts";
import type { Observation } from "../../../control/rollout/observation.ts";
import { wantedShare } from "../../../control/rollout/rollout.ts";
import type { Rollout } from "../../../control/rollout/rollout.ts";
import { weightsAt } from "../../../control/rollout/rollout-weights.ts";
import { decideVerb, VERBS } from "../../../control/rollout/verbs.ts";
import type { Verb } from "../../../control/rollout/verbs.ts";
import { BEFORE, rolloutOf, sightOf, verdictOf } from "./specs.ts";
import { RolloutWorld } from "./rollout-world.ts";

const EVIDENCE = rolloutOf();
const FAILED = verdictOf({ state: "failed", action: "abort", weight: 0 });
const LATER_MS = 3_600_000;
const AT_TENTH = weightsAt(BEFORE, EVIDENCE.spec, 0.1);

/** A rollout that has been led to a share, and the table with it. */
function at(rollout: Rollout, share: number): readonly [Rollout, Observation] {
  const why = { rule: "first", text: "" };
  const moved = advance(rollout, { kind: "weight", share, next: false, why }, { nowMs: 0 });
  const settled = advance(moved, { kind: "settle", revision: 2, why }, { nowMs: 0 });
  return [settled, sightOf(weightsAt(BEFORE, rollout.spec, share), 2)];
}

describe("reconcile() by evidence", () => {
  const [begun, seen] = at(EVIDENCE, 0.1);

  test.each([
    ["watches stable first", EVIDENCE, sightOf(BEFORE, 1), "hold watching"],
    [
      "takes the first weight",
      EVIDENCE,
      sightOf(BEFORE, 1, { verdict: verdictOf({ action: "raise", weight: 0.05 }) }),
      "weight soaking",
    ],
    ["holds", begun, { ...seen, verdict: verdictOf({}) }, "hold soaking"],
    [
      "never lowers a weight by a raise",
      begun,
      { ...seen, verdict: verdictOf({ action: "raise", weight: 0.05 }) },
      "hold soaking",
    ],
    ["aborts", begun, { ...seen, verdict: FAILED }, "abort soaking"],
    [
      "is over when all is shown",
      begun,
      { ...seen, verdict: verdictOf({ state: "passed", action: "promote", weight: 1 }) },
      "next soaking",
    ],
    [
      "gives up waiting",
      begun,
      { ...seen, verdict: verdictOf({ state: "inconclusive", action: "pause" }) },
      "inconclusive soaking",
    ],
    [
      "gives up when nothing is counted",
      begun,
      { ...seen, blindMs: LATER_MS, blindFor: "worker 7 is silent" },
      "inconclusive hold-max",
    ],
    [
      "breaks at a guard rail",
      begun,
      { ...seen, breach: { rule: "guard-rail", text: "" } },
      "abort guard-rail",
    ],
    [
      "pauses without endpoints",
      begun,
      { ...seen, table: { revision: 2, weights: AT_TENTH, canaryEndpoints: 0, isStored: true } },
      "pause no-healthy-endpoints",
    ],
    ["ends with its service", begun, { ...seen, table: undefined }, "abort gone"],
    ["does not believe an older table", begun, sightOf(BEFORE, 1), "hold table-behind"],
    ["lets go of weights of others", begun, sightOf(BEFORE, 3), "release taken-over"],
  ] as const)("%s", (_what, rollout, observation, wanted) => {
    const { kind, why } = reconcile(rollout, observation, 1_000);
    expect(`${kind} ${why.rule}`).toBe(wanted);
  });

  test("aborts a paused one too, and writes the table until it shows that", () => {
    const paused = advance(begun, { kind: "pause", why: { rule: "x", text: "" } }, { nowMs: 1 });
    const decision = reconcile(paused, { ...seen, verdict: FAILED }, 2);
    const aborted = advance(paused, decision, { nowMs: 2 });
    expect(aborted).toMatchObject({ phase: "aborted", settled: false });
    expect(reconcile(aborted, seen, 3).kind).toBe("apply");
    expect(reconcile(aborted, sightOf(BEFORE, 3), 3).kind).toBe("settle");
  });
});

describe("reconcile() by steps", () => {
  const plan = rolloutOf({ steps: [10, { pause: {} }, { setWeight: 50 }, { analysis: {} }] });

  test("goes through them, waits for a person and for evidence, and is done", () => {
    const world = new RolloutWorld(plan);
    const verdict = verdictOf({});
    expect(world.settle({ verdict })).toBe("weight settle");
    expect(world.tick({ verdict })).toBe("hold time");
    world.nowMs += 60_000;
    expect(world.settle({ verdict })).toBe("next pause");
    expect(world.rollout).toMatchObject({ phase: "paused", why: { rule: "gate" } });
    world.ask("promote");
    const open = verdictOf({ missing: ["p99"] });
    expect(world.settle({ verdict: open })).toBe("weight settle");
    expect(world.rollout.step.share).toBe(0.5);
    expect(world.tick({ verdict: open })).toBe("hold incomplete");
    expect(world.settle({ verdict })).toBe("next succeed settle");
    expect(world.table).toEqual({ v1: 0, v2: 90, other: 10 });
  });

  test("takes no step while nothing is counted, also when another one has just taken over", () => {
    const world = new RolloutWorld(plan);
    const verdict = verdictOf({});
    world.settle({ verdict });
    world.nowMs += 60_000;
    const blind = { verdict, blindMs: 6_000, blindFor: "worker 7 is silent" };
    expect(world.tick(blind)).toBe("hold blind");
    expect(world.tick({ verdict, nothingSeen: true })).toBe("hold blind");
    expect(world.tick({ verdict, blindMs: 5_000 })).toBe("next time");
  });

  test("waits with everything for its time alone, as there is nothing to compare with", () => {
    const world = new RolloutWorld(
      rolloutOf({ steps: [{ setWeight: 100 }, { pause: { duration: 60_000 } }] }),
    );
    const verdict = verdictOf({ state: "inconclusive", action: "pause" });
    expect(world.settle({ verdict })).toBe("weight settle");
    expect(world.tick({ verdict })).toBe("hold time");
    world.nowMs += 60_000;
    expect(world.settle({ verdict })).toBe("next succeed settle");
  });

  test("does not sail through a step without traffic", () => {
    const world = new RolloutWorld(plan);
    world.settle({ verdict: verdictOf({}) });
    world.nowMs += LATER_MS;
    const lacking = verdictOf({ state: "inconclusive" });
    expect(world.tick({ verdict: lacking })).toBe("hold soaking");
    expect(world.tick({ verdict: { ...lacking, action: "pause" } })).toBe("inconclusive soaking");
  });
});

describe("reconcile() of a header route", () => {
  const match = { headers: { "x-canary": "1" } };
  const steps = [{ setHeaderRoute: match }, { pause: { duration: 60_000 } }, 50];
  const [verdict, route] = [verdictOf({}), JSON.stringify(match)];

  function begun(): RolloutWorld {
    const world = new RolloutWorld(rolloutOf({ steps }));
    expect(world.settle({ verdict })).toBe("weight settle");
    return world;
  }

  test("gives no share, waits for requests that match, and is gone at the first weight", () => {
    const world = begun();
    expect([world.table, world.route]).toEqual([BEFORE, route]);
    world.nowMs += 60_000;
    expect(world.tick({ canaryRequests: 19 })).toBe("hold few-requests");
    expect(world.settle({ verdict, canaryRequests: 20 })).toBe("next weight settle");
    expect([world.rollout.step.share, world.route]).toEqual([0.5, undefined]);
  });

  test("gives up waiting for them", () => {
    const world = begun();
    world.nowMs += LATER_MS;
    expect(world.tick({})).toBe("inconclusive few-requests");
    world.ask("resume");
    expect(world.settle({})).toBe("settle");
    expect(world.route).toBe(route);
  });

  test("is written again when somebody has taken it away, and goes with an abort", () => {
    const world = begun();
    world.route = undefined;
    expect(world.settle({})).toBe("apply settle");
    expect(world.route).toBe(route);
    expect(world.tick({ breach: { rule: "guard-rail", text: "" } })).toBe("abort guard-rail");
    expect([world.settle({}), world.table, world.route]).toEqual(["settle", BEFORE, undefined]);
  });
});

test("reconcile() of a blue-green one with a preview gives it up with the switch", () => {
  const preview = { headers: { "x-canary": "1" } };
  const world = new RolloutWorld(rolloutOf({ strategy: "blueGreen", preview, gate: true }));
  expect(world.settle({})).toBe("weight settle");
  expect([world.table, world.route]).toEqual([BEFORE, JSON.stringify(preview)]);
  world.nowMs += 10_000;
  expect(world.settle({})).toBe("next pause");
  world.ask("promote");
  expect(world.settle({})).toBe("weight settle");
  expect([world.table, world.route]).toEqual([{ v1: 0, v2: 90, other: 10 }, undefined]);
});

test.each([
  ["steps", { steps: [10, 50], stepFor: 1_000 }, "weight settle next"],
  ["blue-green", { strategy: "blueGreen", checksFor: 1_000 }, "next"],
  ["the end of the steps", { steps: [{ setWeight: 10 }] }, "weight settle"],
] as const)("reconcile() of %s gives nothing that cannot be carried", (_what, wish, kinds) => {
  const world = new RolloutWorld(rolloutOf(wish as Parameters<typeof rolloutOf>[0]));
  const seen = { verdict: verdictOf({}), shareMax: 0.2 };
  const decided = world.settle(seen);
  world.nowMs += 1_000;
  expect([decided, world.settle(seen)].filter((each) => each !== "").join(" ")).toBe(kinds);
  expect(world.tick(seen)).toBe("hold capacity");
  expect(world.settle({ ...seen, shareMax: 1 })).toMatch(/^(?:weight|succeed) settle/);
});

test("reconcile() of a blue-green one checks, switches in one revision, and keeps the old", () => {
  const world = new RolloutWorld(rolloutOf({ strategy: "blueGreen" }));
  expect(world.tick({})).toBe("hold time");
  world.nowMs += 10_000;
  expect(world.settle({})).toBe("next weight settle");
  expect(world.table).toEqual({ v1: 0, v2: 90, other: 10 });
  expect(world.tick({})).toBe("hold time");
  world.nowMs += 600_000;
  expect(world.settle({})).toBe("next succeed settle");
});

type Event =
  | { readonly kind: "tick"; readonly seen: Partial<Observation>; readonly afterMs: number }
  | {
      readonly kind: "verb";
      readonly verb: Verb;
      readonly full: boolean;
      readonly rampMs: number | undefined;
    }
  | { readonly kind: "crash" };

const verdicts = fc.oneof(
  fc.constant(undefined),
  fc.constant(FAILED),
  fc.constant(verdictOf({ state: "passed", action: "promote", weight: 1 })),
  fc.constant(verdictOf({ state: "inconclusive", action: "pause" })),
  fc.constantFrom(0.01, 0.05, 0.25, 0.5).map((weight) => verdictOf({ action: "raise", weight })),
);

const events: fc.Arbitrary<Event> = fc.oneof(
  { weight: 5, arbitrary: ticks() },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("verb" as const),
      verb: fc.constantFrom(...VERBS),
      full: fc.boolean(),
      rampMs: fc.constantFrom(undefined, 1_000, 40_000),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: "crash" } as const) },
);

function ticks(): fc.Arbitrary<Event> {
  return fc.record({
    kind: fc.constant("tick" as const),
    seen: fc.record({ verdict: verdicts, canaryRequests: fc.constantFrom(0, 100) }),
    afterMs: fc.constantFrom(1_000, 30_000, 700_000),
  });
}

const plans = fc.constantFrom(
  rolloutOf(),
  rolloutOf({ steps: [1, 10, { pause: {} }, 50] }),
  rolloutOf({ strategy: "blueGreen", preview: { cookies: { beta: "1" } } }),
  rolloutOf({ steps: [{ setHeaderRoute: { cookies: { beta: "1" } } }, { pause: {} }, 50] }),
  rolloutOf({ steps: [{ mirror: { percent: 10 } }, { pause: { duration: 1_000 } }, 50] }),
);

function play(world: RolloutWorld, event: Event): void {
  switch (event.kind) {
    case "tick":
      world.nowMs += event.afterMs;
      world.tick(event.seen);
      break;
    case "verb":
      world.ask(event.verb, event.full, event.rampMs);
      break;
    case "crash":
      world.crashAtNextWrite = true;
  }
}

test("Whatever happens, weights are a step's, and an abort takes all back for good", () => {
  const property = fc.property(plans, fc.array(events, { maxLength: 60 }), (rollout, all) => {
    const world = new RolloutWorld(rollout);
    for (const event of all) {
      const { phase } = world.rollout;
      const share = wantedShare(world.rollout);
      play(world, event);
      const isFailed = event.kind === "tick" && event.seen.verdict?.state === "failed";
      if (isFailed) expect(wantedShare(world.rollout)).toBeLessThanOrEqual(share);
      expect(world.named()).toContainEqual(world.table);
      if (phase === "aborted") expect(world.rollout.phase).toBe("aborted");
    }
    if (world.rollout.phase !== "aborted") {
      world.ask(world.rollout.phase === "successful" ? "undo" : "abort");
    }
    world.crashAtNextWrite = false;
    world.settle({});
    expect([world.table, world.route, world.copies]).toEqual([BEFORE, undefined, undefined]);
    expect(world.rollout).toMatchObject({ phase: "aborted", settled: true });
  });
  fc.assert(property, { seed: 7, numRuns: 500 });
});

test("What was decided follows from what was seen, again and again", () => {
  const property = fc.property(plans, fc.array(ticks(), { maxLength: 40 }), (rollout, all) => {
    const [first, second] = [new RolloutWorld(rollout), new RolloutWorld(rollout)];
    for (const event of all) play(first, event);
    for (const event of all) play(second, structuredClone(event));
    expect(second.rollout).toEqual(first.rollout);
  });
  fc.assert(property, { seed: 8, numRuns: 100 });
});

test("A verb that a phase does not know is refused, and one that is done changes nothing", () => {
  const options = { actor: "ann", reason: undefined, full: false };
  const answers = VERBS.map((verb) => `${verb} ${decideVerb(verb, EVIDENCE, options, 0).kind}`);
  expect(answers).toEqual([
    "promote decided",
    "pause decided",
    "resume done",
    "abort decided",
    "undo refused",
  ]);
});
