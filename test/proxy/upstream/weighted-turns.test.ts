import { expect, test } from "vitest";
import { seededRandom } from "../../../proxy/base/random.ts";
import { Endpoint } from "../../../proxy/upstream/endpoint.ts";
import { WeightedTurns } from "../../../proxy/upstream/weighted-turns.ts";
import { endpointSnapshot } from "./pool-fixture.ts";

function endpoints(...weights: readonly number[]): Endpoint[] {
  return weights.map((weight, at) => {
    return new Endpoint(endpointSnapshot(`e${at}:80`, { weight }), -Infinity);
  });
}

/** Who has how many of the next turns. */
function counts(turns: WeightedTurns, all: readonly Endpoint[], many: number): number[] {
  const given = Array.from({ length: many }, () => turns.next(0, 10_000));
  return all.map((endpoint) => given.filter((each) => each === endpoint).length);
}

test("WeightedTurns.next() gives each its turns by weight, in any round", () => {
  const all = endpoints(5, 1, 2);
  const turns = new WeightedTurns(all, seededRandom(1));
  for (let round = 0; round < 10; round += 1) expect(counts(turns, all, 8)).toEqual([5, 1, 2]);
});

test("WeightedTurns.next() begins with another one in another worker", () => {
  const all = endpoints(1, 1, 1, 1);
  const firsts = Array.from({ length: 20 }, (_, seed) =>
    new WeightedTurns(all, seededRandom(seed)).next(0, 0),
  );
  expect(new Set(firsts).size).toBeGreaterThan(1);
});

test("WeightedTurns.next() gives one that starts slowly a part of its turns", () => {
  const all = endpoints(1, 1);
  (all[1] as Endpoint).sinceMs = 0;
  expect(counts(new WeightedTurns(all, seededRandom(1)), all, 110)).toEqual([100, 10]);
});

test("WeightedTurns.next() leaves the avoided one out, unless it is alone", () => {
  const all = endpoints(1, 1, 1);
  const [avoid, ...others] = all as [Endpoint, Endpoint, Endpoint];
  const turns = new WeightedTurns(all, seededRandom(1));
  const given = Array.from({ length: 10 }, () => turns.next(0, 0, avoid));
  expect(new Set(given)).toEqual(new Set(others));
  expect(new WeightedTurns([avoid], seededRandom(1)).next(0, 0, avoid)).toBe(avoid);
  expect(new WeightedTurns([], seededRandom(1)).next(0, 0)).toBeUndefined();
});
