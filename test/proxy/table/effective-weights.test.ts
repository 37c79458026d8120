import { expect, test } from "vitest";
import { effectiveWeights, newWeights } from "../../../proxy/table/effective-weights.ts";
import type { State } from "../../../proxy/table/snapshot.ts";
import { serviceSnapshot } from "./service-fixture.ts";

/** v1 is stable. */
function states(v1: State, v2: State, v3: State): ReturnType<typeof serviceSnapshot> {
  return serviceSnapshot({
    v1: { weight: 70, state: v1 },
    v2: { weight: 20, state: v2 },
    v3: { weight: 10, state: v3 },
  });
}

test.each([
  ["ready", "ready", "ready", [70, 20, 10]],
  ["ready", "drain", "ready", [90, 0, 10]],
  ["ready", "maint", "drain", [100, 0, 0]],
  ["drain", "ready", "ready", [0, 20, 10]],
  ["maint", "drain", "ready", [0, 0, 10]],
  ["maint", "maint", "maint", [0, 0, 0]],
] as const)("newWeights() of %s, %s, %s is %j", (v1, v2, v3, weights) => {
  expect(newWeights(states(v1, v2, v3))).toEqual(weights);
});

test.each([
  [
    ["v1", "v2", "v3"],
    [70, 20, 10],
  ],
  [
    ["v1", "v3"],
    [90, 0, 10],
  ],
  [["v1"], [100, 0, 0]],
  [
    ["v2", "v3"],
    [0, 20, 10],
  ],
  [[], [0, 0, 0]],
] as const)("effectiveWeights() with %j usable is %j", (usable: readonly string[], weights) => {
  const isUsable = ({ name }: { readonly name: string }): boolean => usable.includes(name);
  expect(effectiveWeights(states("ready", "ready", "ready"), isUsable)).toEqual(weights);
});

const onlyStable = ({ name }: { readonly name: string }): boolean => name === "v1";

test("effectiveWeights() lets a draining stable stand in, and one in maint not", () => {
  expect(effectiveWeights(states("drain", "ready", "ready"), onlyStable)).toEqual([30, 0, 0]);
  expect(effectiveWeights(states("maint", "ready", "ready"), onlyStable)).toEqual([0, 0, 0]);
});

test("newWeights() of a service without versions is empty", () => {
  expect(newWeights(serviceSnapshot({}))).toEqual([]);
});
