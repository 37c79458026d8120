import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { array, assert, integer, property, record } from "fast-check";
import { expect, test } from "vitest";
import { seededRandom } from "../../../proxy/base/random.ts";
import {
  newPlace,
  pickByKey,
  pickByPlace,
  placeIn,
  placeOfKey,
} from "../../../proxy/table/rendezvous.ts";
import type { SplitPlace } from "../../../proxy/table/split-place.ts";
import type { ServiceTable } from "../../../proxy/table/service-table.ts";
import { WEIGHT_MAX } from "../../../proxy/table/snapshot.ts";
import { picksOfKeys } from "./pick-keys.ts";
import { serviceTable, weighted } from "./service-fixture.ts";

const keys = Array.from({ length: 200 }, (_, at) => `key-${at}`);
const weightLists = array(integer({ min: 0, max: WEIGHT_MAX }), { minLength: 2, maxLength: 6 });

function picks(service: ServiceTable): readonly (string | undefined)[] {
  return keys.map((key) => pickByKey(service, key)?.name);
}

/** Keys that moved from one service table to another, as [from, to]. */
function moves(before: ServiceTable, after: ServiceTable): (string | undefined)[][] {
  const [old, now] = [picks(before), picks(after)];
  return keys.flatMap((_, at) => (old[at] === now[at] ? [] : [[old[at], now[at]]]));
}

test("pickByKey() moves keys only to a version whose weight rises, only away when it falls", () => {
  const change = record({
    weights: weightLists,
    at: integer({ min: 0, max: 5 }),
    by: integer({ min: 1, max: WEIGHT_MAX }),
  });
  assert(
    property(change, ({ weights, at, by }) => {
      const place = at % weights.length;
      const raised = weights.map((weight, index) => (index === place ? weight + by : weight));
      const [low, high] = [serviceTable(weighted(weights)), serviceTable(weighted(raised))];
      for (const [, to] of moves(low, high)) expect(to).toBe(`v${place + 1}`);
      for (const [from] of moves(high, low)) expect(from).toBe(`v${place + 1}`);
    }),
    { seed: 5 },
  );
});

test("pickByKey() leaves the keys of other versions alone when one comes or goes", () => {
  assert(
    property(weightLists, (weights) => {
      const all = weighted([...weights, 1_000]);
      const name = `v${weights.length + 1}`;
      const [without, withIt] = [serviceTable(weighted(weights)), serviceTable(all)];
      for (const [, to] of moves(without, withIt)) expect(to).toBe(name);
      for (const [from] of moves(withIt, without)) expect(from).toBe(name);
    }),
    { seed: 6 },
  );
});

test("pickByKey() does not depend on the order of the versions", () => {
  const listed = { v1: 3, v2: 5, v3: 2 };
  expect(moves(serviceTable(listed), serviceTable({ v3: 2, v1: 3, v2: 5 }))).toEqual([]);
});

test.each([
  [[50, 50]],
  [[99, 1]],
  [[1, 1, 1]],
  [[70, 20, 10]],
  [[1, 2, 3, 4, 5, 6]],
  [[WEIGHT_MAX, 1_000, 0, 50_000]],
])("pickByKey() gives each version its share of keys: %j", (weights) => {
  const service = serviceTable(weighted(weights));
  const counts = weights.map(() => 0);
  const keyCount = 50_000;
  for (let at = 0; at < keyCount; at += 1) {
    const index = pickByKey(service, `user-${at}`)?.index as number;
    counts[index] = (counts[index] as number) + 1;
  }
  const sum = weights.reduce((total, weight) => total + weight, 0);
  for (const [at, weight] of weights.entries()) {
    const share = weight / sum;
    const deviation = Math.sqrt(keyCount * share * (1 - share));
    expect(Math.abs((counts[at] as number) - keyCount * share)).toBeLessThanOrEqual(4 * deviation);
  }
});

test("pickByKey() of another salt is independent", () => {
  const [one, other] = ["a", "b"].map((salt) => serviceTable({ v1: 1, v2: 1 }, { salt }));
  const moved = moves(one as ServiceTable, other as ServiceTable).length;
  expect(moved).toBeGreaterThan(keys.length * 0.35);
  expect(moved).toBeLessThan(keys.length * 0.65);
});

test("pickByKey() is the same in three processes", async () => {
  const script = new URL("pick-keys.ts", import.meta.url).pathname;
  const runs = [1, 2, 3].map(() => promisify(execFile)(process.execPath, [script]));
  const here = picksOfKeys(5_000);
  expect(new Set(here.split(" "))).toEqual(new Set(["v1", "v2", "v3", "v4"]));
  for (const { stdout } of await Promise.all(runs)) expect(stdout).toBe(here);
});

test("pickByKey() is undefined without weights or versions", () => {
  expect(pickByKey(serviceTable({ v1: 0, v2: 0 }), "k")).toBeUndefined();
  expect(pickByKey(serviceTable({}), "k")).toBeUndefined();
});

test("pickByKey() leaves keys with a draining version and gives those in maint to stable", () => {
  const weights = { v1: 40, v2: 30, v3: 30 };
  const before = serviceTable(weights);
  const drained = serviceTable({ ...weights, v2: { weight: 30, state: "drain" } });
  expect(moves(before, drained)).toEqual([]);
  const maint = moves(before, serviceTable({ ...weights, v2: { weight: 30, state: "maint" } }));
  expect(maint).toEqual(Array.from({ length: maint.length }, () => ["v2", "v1"]));
  expect(maint).toHaveLength(picks(before).filter((name) => name === "v2").length);
});

test("pickByKey() shares out the keys of a stable version in maint and moves no other", () => {
  const before = serviceTable({ v1: 40, v2: 30, v3: 30 });
  const after = serviceTable({ v1: { weight: 40, state: "maint" }, v2: 30, v3: 30 });
  const moved = moves(before, after);
  expect(new Set(moved.map(([from]) => from))).toEqual(new Set(["v1"]));
  expect(new Set(moved.map(([, to]) => to))).toEqual(new Set(["v2", "v3"]));
});

const nowhere = (): SplitPlace => ({ high: 0, low: 0 });

test("pickByPlace() of a key's place is pickByKey() of the key", () => {
  const service = serviceTable(weighted([5, 3, 2]));
  const place = nowhere();
  const byPlace = keys.map((key) => {
    placeOfKey(service, key, place);
    return pickByPlace(service, place)?.name;
  });
  expect(byPlace).toEqual(picks(service));
});

test("newPlace() belongs to the version that was picked", () => {
  const service = serviceTable({ v1: 50, v2: 10, v3: 40 });
  const random = seededRandom(7);
  const place = nowhere();
  for (const picked of service.versions) {
    newPlace(service, picked, random, place);
    expect(pickByPlace(service, place)).toBe(picked);
  }
});

test("newPlace() belongs to another ready version when the one that was picked has none", () => {
  const drain = { weight: 90, state: "drain" } as const;
  const service = serviceTable({ v1: 0, v2: 10, v3: drain });
  const random = seededRandom(7);
  const place = nowhere();
  for (let at = 0; at < 100; at += 1) {
    newPlace(service, service.versions[0], random, place);
    expect(pickByPlace(service, place)?.name).toBe("v2");
  }
});

test("newPlace() is some place when no ready version has a weight", () => {
  const service = serviceTable({ v1: { weight: 1, state: "drain" }, v2: 0 });
  const place = nowhere();
  newPlace(service, undefined, seededRandom(8), place);
  expect(pickByPlace(service, place)?.name).toBe("v1");
  newPlace(serviceTable({}), undefined, seededRandom(8), place);
  expect(place).not.toEqual(nowhere());
});

test.each([
  [{ v1: 1, v2: 1 }],
  [{ v1: 99, v2: 1 }],
  [{ v1: 50, v2: { weight: 30, state: "drain" as const }, v3: 20 }],
])("placeIn() finds places all over the version that is asked for: %j", (weights) => {
  const service = serviceTable(weights);
  const random = seededRandom(9);
  const place = nowhere();
  for (const version of service.versions) {
    const found = new Set<number>();
    for (let at = 0; at < 50; at += 1) {
      expect(placeIn(version, service, random, place)).toBe(true);
      expect(pickByPlace(service, place)).toBe(version);
      found.add(place.high);
    }
    expect(found.size).toBe(50);
  }
});

test("placeIn() draws as often as there are versions, on average over requests", () => {
  const service = serviceTable(weighted([900, 90, 9, 1]));
  const inner = seededRandom(10);
  let draws = 0;
  const random = {
    next: () => {
      draws += 1;
      return inner.next();
    },
  };
  const place = nowhere();
  for (const version of service.versions) {
    for (let request = 0; request < version.weight; request += 1) {
      placeIn(version, service, random, place);
    }
  }
  // Two numbers a place; each version is as often asked for as it is rarely hit.
  expect(draws / 2 / 1_000).toBeLessThan(4 * 1.5);
});

test("placeIn() gives up on a version without weight at once, on a hopeless one in time", () => {
  const service = serviceTable({ v1: 1_000_000, v2: 0, v3: 1 });
  const place = nowhere();
  const [, none, rare] = service.versions;
  expect(none && placeIn(none, service, { next: () => expect.unreachable() }, place)).toBe(false);
  let draws = 0;
  const random = { next: () => ((draws += 1) % 2) / 2 };
  expect(rare && placeIn(rare, service, random, place)).toBe(false);
  expect(draws).toBeLessThanOrEqual(2 * 4_096);
});
