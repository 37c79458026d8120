import { expect, test } from "vitest";
import { keyMoves } from "../../../control/api/key-moves.ts";
import { serviceSnapshot } from "../../proxy/table/service-fixture.ts";

const AFFINITY = { affinity: { kind: "header", name: "x-user" } } as const;
const split = (weights: Readonly<Record<string, number>>): ReturnType<typeof serviceSnapshot> =>
  serviceSnapshot(weights, AFFINITY);

test("keyMoves() finds that each version has its share of the keys", () => {
  const moves = keyMoves(split({ v1: 75, v2: 25 }), split({ v1: 75, v2: 25 }));
  expect(moves.moved).toBe(0);
  expect(moves.of("v1").had).toBeCloseTo(0.75, 1);
  expect(moves.of("v2").had).toBeCloseTo(0.25, 1);
  expect(moves.of("v1").had + moves.of("v2").had).toBe(1);
});

test("keyMoves() moves exactly what a version had when it goes", () => {
  const moves = keyMoves(split({ v1: 50, v2: 30, v3: 20 }), split({ v1: 50, v2: 30, v3: 0 }));
  const gone = moves.of("v3");
  expect(gone).toEqual({ had: gone.had, lost: gone.had, gained: 0 });
  expect(moves.moved).toBe(gone.had);
  expect([moves.of("v1").lost, moves.of("v2").lost]).toEqual([0, 0]);
  expect(moves.of("v1").gained + moves.of("v2").gained).toBeCloseTo(gone.had, 9);
});

test("keyMoves() takes every key of a new service for one that arrives", () => {
  const moves = keyMoves(undefined, split({ v1: 1 }));
  expect([moves.moved, moves.of("v1")]).toEqual([1, { had: 0, lost: 0, gained: 1 }]);
});

test("keyMoves() counts keys that nobody takes any more as moved", () => {
  const nobody = serviceSnapshot({ v1: { weight: 1, state: "maint" } }, AFFINITY);
  const moves = keyMoves(split({ v1: 1 }), nobody);
  expect([moves.moved, moves.of("v1").lost]).toEqual([1, 1]);
});

test("keyMoves() knows nothing of a version that neither table has", () => {
  const moves = keyMoves(split({ v1: 1 }), split({ v1: 1 }));
  expect(moves.of("constructor")).toEqual({ had: 0, lost: 0, gained: 0 });
});
