import fc from "fast-check";
import { expect, test } from "vitest";
import { newcomerOf } from "../../../control/rollout/newcomers.ts";

const SERVED = { present: ["v1"], weighed: ["v1"], rolledOut: [] };

test("newcomerOf() takes what there is at first for old, once that has had time to show", () => {
  const first = { ...SERVED, present: ["v1", "v2"], seen: undefined };
  expect(newcomerOf(first, false)).toEqual({ kind: "nothing" });
  expect(newcomerOf({ ...first, present: [] }, true)).toEqual({ kind: "nothing" });
  expect(newcomerOf(first, true)).toEqual({ kind: "note", versions: ["v1", "v2"] });
});

test.each([
  ["nothing has come", SERVED, { kind: "nothing" }],
  ["one has come", { ...SERVED, present: ["v1", "v2"] }, { kind: "begin", version: "v2" }],
  [
    "somebody has given it traffic already",
    { present: ["v1", "v2"], weighed: ["v1", "v2"], rolledOut: [] },
    { kind: "note", versions: ["v2"] },
  ],
  [
    "it has had a rollout",
    { ...SERVED, present: ["v1", "v2"], rolledOut: ["v1", "v2"] },
    { kind: "note", versions: ["v2"] },
  ],
])("newcomerOf() when %s", (_what, found, wanted) => {
  expect(newcomerOf({ ...found, seen: ["v1"] }, true)).toEqual(wanted);
});

test("newcomerOf() begins none twice, in whatever order versions come and go", () => {
  const names = fc.constantFrom("v1", "v2", "v3", "v4");
  const looks = fc.array(fc.array(names, { maxLength: 4 }), { maxLength: 30 });
  const property = fc.property(looks, fc.array(fc.boolean()), (all, dies) => {
    const begun: string[] = [];
    let seen: readonly string[] | undefined;
    for (const [index, present] of all.entries()) {
      const found = { present: ["v0", ...present], weighed: ["v0"], rolledOut: begun };
      const answer = newcomerOf({ ...found, seen }, true);
      if (answer.kind === "note") seen = [...(seen ?? []), ...answer.versions];
      if (answer.kind !== "begin") continue;
      begun.push(answer.version);
      // Who dies here has begun it, and has not noted that.
      if (dies[index] !== true) seen = [...(seen ?? []), answer.version];
    }
    expect(begun).toEqual([...new Set(begun)]);
  });
  fc.assert(property, { seed: 14 });
});
