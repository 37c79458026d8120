import { expect, test } from "vitest";
import { ArmPlaces } from "../../../control/rollout/arm-places.ts";
import type { Arm } from "../../../control/analysis/second.ts";
import { BUCKET_COUNT } from "../../../proxy/metrics/histogram.ts";
import { NOTHING_COUNTED } from "../../../proxy/metrics/second-counters.ts";

type Told = readonly (readonly [string, number, number])[];

/** The requests of each place. */
function requestsAt(places: ArmPlaces, endpoints: Told): readonly number[] {
  const { endpoints: counts = [] } = places.armOf({ ...NOTHING_COUNTED, endpoints });
  return counts.map(({ requests }) => requests);
}

test("ArmPlaces gives the judge sums, durations by bucket, and routes", () => {
  const latencies = [
    [3, 2],
    [9, 1],
  ] as const;
  const told = { ...NOTHING_COUNTED, requests: 3, failures: 2, failingKeys: 1, latencies };
  const arm: Arm = new ArmPlaces().armOf({ ...told, routes: [[3, 1]] });
  expect(arm).toMatchObject({ requests: 3, failures: 2, failingKeys: 1 });
  expect(arm.routes).toEqual([{ requests: 3, failures: 1 }]);
  const { counts, from, to } = arm.latencies;
  expect([counts.length, counts[3], counts[9], from, to]).toEqual([BUCKET_COUNT, 2, 1, 3, 9]);
});

test("ArmPlaces keeps an endpoint's place, whoever comes first in a second", () => {
  const places = new ArmPlaces();
  expect(
    requestsAt(places, [
      ["a", 1, 0],
      ["b", 2, 0],
    ]),
  ).toEqual([1, 2]);
  expect(
    requestsAt(places, [
      ["b", 3, 0],
      ["a", 4, 0],
    ]),
  ).toEqual([4, 3]);
  expect(requestsAt(places, [["b", 5, 0]])).toEqual([0, 5]);
  expect(
    requestsAt(places, [
      ["", 9, 9],
      ["c", 6, 0],
    ]),
  ).toEqual([0, 0, 6]);
});

test("ArmPlaces tells a single endpoint not from its version, also when others are gone", () => {
  const places = new ArmPlaces();
  expect(requestsAt(places, [["a", 1, 0]])).toEqual([]);
  expect(requestsAt(places, [["b", 1, 0]])).toEqual([0, 1]);
  for (let second = 0; second < 58; second += 1) requestsAt(places, [["b", 1, 0]]);
  expect(requestsAt(places, [["b", 1, 0]])).toEqual([]);
  expect(requestsAt(places, [["a", 1, 0]])).toEqual([1, 0]);
});

test("ArmPlaces has a place for each of 15 endpoints, and one for all others", () => {
  const places = new ArmPlaces();
  const many = Array.from({ length: 20 }, (_, at) => [`e${at}`, 1, 0] as const);
  expect(requestsAt(places, [...many, ["*", 7, 0]])).toEqual([...Array(15).fill(1), 12]);
});

test("ArmPlaces goes on with the places that there were", () => {
  const before = new ArmPlaces();
  requestsAt(before, [
    ["b:1", 1, 0],
    ["a:1", 2, 0],
  ]);
  const after = new ArmPlaces(before.addresses);
  const told: Told = [
    ["a:1", 2, 0],
    ["c:1", 3, 0],
    ["b:1", 1, 0],
  ];
  expect(requestsAt(after, told)).toEqual([1, 2, 3]);
});
