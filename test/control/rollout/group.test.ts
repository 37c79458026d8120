import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { StoreError } from "../../../control/base/errors.ts";
import type { Sibling } from "../../../control/rollout/group.ts";
import type { Observation } from "../../../control/rollout/observation.ts";
import type { Rollout } from "../../../control/rollout/rollout.ts";
import { siblingSeen } from "../../../control/rollout/siblings.ts";
import type { RolloutRequest } from "../../../control/rollout/rollout-schema.ts";
import { RolloutBed } from "./rollout-bed.ts";
import { RolloutWorld } from "./rollout-world.ts";
import { BEFORE, rolloutOf, verdictOf } from "./specs.ts";

const SERVICES = ["web", "shop", "cart"] as const;
const ENOUGH = { verdict: verdictOf({}) };
const FAILED = { verdict: verdictOf({ state: "failed", action: "abort" }) };

/** Rollouts of one group, each of which somebody leads who can die at any time. */
class GroupWorld {
  readonly worlds: readonly RolloutWorld[];
  /** What each wanted at its last look. */
  readonly #wants: (number | undefined)[] = [];

  constructor(wish: Partial<RolloutRequest>) {
    const group = { id: "web-1", services: SERVICES };
    this.worlds = SERVICES.map((service) => {
      const rollout = rolloutOf(wish);
      return new RolloutWorld({ ...rollout, spec: { ...rollout.spec, service, group } });
    });
  }

  get rollouts(): readonly Rollout[] {
    return this.worlds.map(({ rollout }) => rollout);
  }

  tick(index: number, seen: Partial<Observation>): string {
    const world = this.worlds[index];
    if (world === undefined) return "";
    this.#wants[index] = world.wants(seen);
    return world.tick({ ...seen, siblings: this.#siblings(index) });
  }

  pass(ms: number): void {
    for (const world of this.worlds) world.nowMs += ms;
  }

  /** Looks at all of them until nothing changes. */
  settle(seen: Partial<Observation>): void {
    for (let looks = 0; looks < 20; looks += 1) {
      for (const index of this.worlds.keys()) this.tick(index, seen);
    }
  }

  #siblings(index: number): readonly Sibling[] {
    return SERVICES.flatMap((service, other) => {
      const rollout = this.worlds[other]?.rollout;
      return other === index ? [] : [siblingSeen(service, rollout, this.#wants[other])];
    });
  }
}

describe("inGroup()", () => {
  test("lets all take a step, or none", () => {
    const group = new GroupWorld({ steps: [10, 50], stepFor: 10_000 });
    group.settle(ENOUGH);
    expect(group.rollouts.map(({ step }) => step.share)).toEqual([0.1, 0.1, 0.1]);
    group.pass(10_000);
    const lacking = { verdict: verdictOf({ state: "inconclusive" }) };
    for (let looks = 0; looks < 3; looks += 1) {
      group.tick(0, ENOUGH);
      group.tick(1, ENOUGH);
      group.tick(2, lacking);
    }
    expect(group.tick(0, ENOUGH)).toBe("hold group");
    expect(group.rollouts.map(({ stage }) => stage)).toEqual([1, 1, 1]);
    group.settle(ENOUGH);
    expect(group.rollouts.map(({ step }) => step.share)).toEqual([0.5, 0.5, 0.5]);
  });

  test("goes by the evidence of the one that needs most", () => {
    const group = new GroupWorld({});
    const raise = (weight: number): object => ({ verdict: verdictOf({ action: "raise", weight }) });
    for (let looks = 0; looks < 3; looks += 1) {
      group.tick(0, raise(0.05));
      group.tick(1, raise(0.01));
      group.tick(2, { verdict: verdictOf({ action: "promote", state: "passed" }) });
    }
    expect(group.rollouts.map(({ step }) => step.share)).toEqual([0.01, 0.01, 0.01]);
  });

  test("aborts all when one is worse, or cannot be seen for long", () => {
    const group = new GroupWorld({ steps: [10] });
    group.settle(ENOUGH);
    expect(group.tick(1, FAILED)).toMatch(/^abort soaking/);
    expect([group.tick(0, ENOUGH), group.tick(2, ENOUGH)]).toEqual(["abort group", "abort group"]);
    const [alone] = new GroupWorld({ steps: [10] }).worlds;
    const siblings = [siblingSeen("shop", undefined, undefined)];
    expect(alone?.tick({ ...ENOUGH, siblings })).toBe("hold group");
    if (alone !== undefined) alone.nowMs += 10_000;
    expect(alone?.tick({ ...ENOUGH, siblings })).toBe("abort group");
  });
});

type Kind = "tick" | "time" | "crash" | "promote" | "bad" | "pause";

const kinds: fc.Arbitrary<Kind> = fc.oneof(
  { weight: 30, arbitrary: fc.constantFrom<Kind[]>("tick", "tick", "time") },
  { weight: 4, arbitrary: fc.constantFrom<Kind[]>("crash", "promote") },
  { weight: 1, arbitrary: fc.constantFrom<Kind[]>("bad", "pause") },
);

const happenings = fc.array(fc.record({ kind: kinds, at: fc.integer({ min: 0, max: 2 }) }), {
  maxLength: 120,
});

/** How far one is: only steps of the plan count. */
function placeOf({ phase, stage, spec }: Rollout): number {
  return phase === "successful" ? spec.stages.length : stage;
}

test("Whatever happens, none is two steps ahead, and an abort of one is an abort of all", () => {
  const property = fc.property(happenings, (all) => {
    const group = new GroupWorld({ steps: [10, 50], stepFor: 5_000 });
    let promoted = 0;
    for (const { kind, at } of all) {
      const world = group.worlds[at];
      if (kind === "time") group.pass(5_000);
      if (kind === "crash" && world !== undefined) world.crashAtNextWrite = true;
      if (kind === "pause") world?.ask("pause");
      if (kind === "promote") {
        world?.ask("promote");
        promoted += 1;
      }
      group.tick(at, kind === "bad" ? FAILED : ENOUGH);
      const places = group.rollouts.map(placeOf);
      expect(Math.max(...places) - Math.min(...places)).toBeLessThanOrEqual(1 + promoted);
    }
    for (const world of group.worlds) world.crashAtNextWrite = false;
    group.tick(0, FAILED);
    group.worlds[0]?.ask(group.rollouts[0]?.phase === "successful" ? "undo" : "abort");
    group.settle(ENOUGH);
    expect(group.rollouts.map(({ phase }) => phase)).toEqual(["aborted", "aborted", "aborted"]);
    expect(group.worlds.map(({ table }) => table)).toEqual([BEFORE, BEFORE, BEFORE]);
  });
  fc.assert(property, { seed: 13, numRuns: 300 });
});

describe("Rollouts of a group", () => {
  const BY = { actor: "ann", reason: "a test" };
  const ASKED = { ...BY, full: false };
  const GROUP: RolloutRequest = {
    service: "web",
    to: "v2",
    group: [{ service: "shop", to: "v2" }],
    steps: [10],
    stepFor: 5_000,
  };
  const TENTH = { v1: 9_000, v2: 1_000 };
  const shares = (bed: RolloutBed): unknown => [bed.weights("web"), bed.weights("shop")];
  const phases = (bed: RolloutBed): unknown => bed.rollouts.list().map(({ phase }) => phase);

  test("begin, step and end together", async () => {
    const bed = await RolloutBed.start();
    await bed.rollouts.begin(GROUP, BY);
    await bed.pass(3);
    expect(shares(bed)).toEqual([TENTH, TENTH]);
    await bed.restart();
    await bed.pass(20);
    expect(phases(bed)).toEqual(["successful", "successful"]);
    await bed.rollouts.act("shop", "undo", ASKED);
    expect(phases(bed)).toEqual(["aborted", "aborted"]);
    expect(shares(bed)).toEqual([
      { v1: 100, v2: 0 },
      { v1: 100, v2: 0 },
    ]);
  });

  test("do not begin if one cannot, and none stays behind", async () => {
    const bed = await RolloutBed.start();
    const odd = { ...GROUP, group: [{ service: "shop", to: "v9" }] };
    await expect(bed.rollouts.begin(odd, BY)).rejects.toMatchObject({ code: "unknown_version" });
    expect(bed.rollouts.list()).toEqual([]);
    const { documents } = bed;
    const save = documents.save.bind(documents);
    documents.save = (name, text, mark) => {
      if (name === "shop") return Promise.reject(new StoreError("store_unwritable", "full"));
      return save(name, text, mark);
    };
    await expect(bed.rollouts.begin(GROUP, BY)).rejects.toThrow("full");
    expect(phases(bed)).toEqual(["aborted"]);
  });

  test("are aborted together at once, without a leader, and tried again together", async () => {
    const bed = await RolloutBed.start();
    const { id } = await bed.rollouts.begin(GROUP, BY);
    await bed.pass(3);
    bed.leads = false;
    await bed.restart();
    await bed.rollouts.act("shop", "abort", ASKED);
    expect(phases(bed)).toEqual(["aborted", "aborted"]);
    await bed.pass(1);
    const again = await bed.rollouts.retry(id, BY);
    expect(again.spec.group?.id).toBe(again.id);
    expect(bed.rollouts.list().filter(({ phase }) => phase === "progressing")).toHaveLength(2);
  });
});
