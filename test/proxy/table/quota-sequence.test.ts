import { array, assert, constantFrom, integer, property } from "fast-check";
import { expect, test } from "vitest";
import { seededRandom } from "../../../proxy/base/random.ts";
import { QuotaSequence } from "../../../proxy/table/quota-sequence.ts";
import type { ServiceTable } from "../../../proxy/table/service-table.ts";
import { WEIGHT_MAX } from "../../../proxy/table/snapshot.ts";
import { serviceTable, weighted } from "./service-fixture.ts";

type Run = { readonly weights: readonly number[]; readonly picks: number };

/** The largest distance of any version's count from its share, at any pick of the runs in a row. */
function worstDeviation(runs: readonly Run[], seed: number): number {
  const sequence = new QuotaSequence(seededRandom(seed));
  const owed = [0, 0, 0, 0, 0, 0];
  let worst = 0;
  for (const { weights, picks } of runs) {
    const service = serviceTable(weighted(weights));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    for (let pick = 0; pick < picks; pick += 1) {
      const picked = sequence.next(service)?.index;
      for (let at = 0; at < weights.length; at += 1) {
        const now = (owed[at] as number) + (weights[at] as number) / sum - (at === picked ? 1 : 0);
        owed[at] = now;
        worst = Math.max(worst, Math.abs(now));
      }
    }
  }
  return worst;
}

const weight = integer({ min: 1, max: WEIGHT_MAX });
/** Shares of every size: most of the range of whole weights is of one magnitude. */
const skewedWeight = integer({ min: 0, max: 19 }).map((power) =>
  Math.min(2 ** power + power, WEIGHT_MAX),
);
const weightLists = array(constantFrom(weight, skewedWeight), { minLength: 2, maxLength: 6 }).chain(
  (kinds) => array(kinds[0] ?? weight, { minLength: kinds.length, maxLength: kinds.length }),
);

test.each([
  [[50, 50]],
  [[999_999, 1]],
  [[1, 99]],
  [[1, 1, 1, 1, 1, 1]],
  [[1, 1, 1, 1, 1, 1_000]],
  [[5, 8, 13, 21, 34, 55]],
  [[1_000, 900, 3, 500, 2, 100]],
])("QuotaSequence.next() keeps every count within 2 of its share: %j", (weights) => {
  expect(worstDeviation([{ weights, picks: 100_000 }], 9)).toBeLessThan(2.000001);
});

test("QuotaSequence.next() keeps every count within 2 of its share for a million picks", () => {
  const weights = [700_001, 200_002, 65_536, 3];
  expect(worstDeviation([{ weights, picks: 1_000_000 }], 10)).toBeLessThan(2.000001);
});

test("QuotaSequence.next() keeps every count within 2 of its share for any weights", () => {
  assert(
    property(weightLists, integer(), (weights, seed) => {
      const bound = weights.length === 2 ? 1.000001 : 2.000001;
      expect(worstDeviation([{ weights, picks: 3_000 }], seed)).toBeLessThan(bound);
    }),
    { seed: 11, numRuns: 200 },
  );
});

test("QuotaSequence.next() keeps what is owed when weights change", () => {
  const changes = array(array(skewedWeight, { minLength: 4, maxLength: 4 }), {
    minLength: 2,
    maxLength: 20,
  });
  assert(
    property(changes, integer({ min: 1, max: 50 }), integer(), (weights, picks, seed) => {
      const runs = weights.map((list) => ({ weights: list, picks }));
      expect(worstDeviation(runs, seed)).toBeLessThan(2.5);
    }),
    { seed: 12, numRuns: 200 },
  );
});

test("QuotaSequence.next() goes on where it was when a new table has the same weights", () => {
  const [one, other] = [new QuotaSequence(seededRandom(13)), new QuotaSequence(seededRandom(13))];
  const service = serviceTable({ v1: 90, v2: 10 });
  for (let pick = 0; pick < 200; pick += 1) {
    const renewed = serviceTable({ v1: 90, v2: 10 }, { debug: true });
    const picked = other.next(renewed);
    expect(picked).toBe(renewed.versions[picked?.index as number]);
    expect(picked?.name).toBe(one.next(service)?.name);
  }
});

test("QuotaSequence.next() never picks a version whose weight became 0", () => {
  const sequence = new QuotaSequence(seededRandom(14));
  const before = serviceTable({ v1: 1, v2: 98, v3: 1 });
  for (let pick = 0; pick < 57; pick += 1) sequence.next(before);
  const after = serviceTable({ v1: 1, v2: 0, v3: { weight: 5, state: "drain" } });
  const names = new Set(Array.from({ length: 500 }, () => sequence.next(after)?.name));
  expect(names).toEqual(new Set(["v1"]));
});

test("QuotaSequence.next() is undefined without weights or versions, and recovers", () => {
  const sequence = new QuotaSequence(seededRandom(15));
  expect(sequence.next(serviceTable({ v1: 0 }))).toBeUndefined();
  expect(sequence.next(serviceTable({}))).toBeUndefined();
  expect(sequence.next(serviceTable({ v1: 0, v2: 3 }))?.name).toBe("v2");
});

test.each([
  [[50, 50], 2],
  [[90, 10], 2],
  [[75, 25], 2],
  [[2, 1], 3],
  [[90, 10], 10],
  [[70, 20, 10], 2],
  [[1, 1, 1], 3],
])("QuotaSequence.next() does not sort a caller by version: %j, period %i", (weights, period) => {
  const sequence = new QuotaSequence(seededRandom(16));
  const service = serviceTable(weighted(weights));
  const turns = 10_000;
  const counts = weights.map(() => Array.from({ length: period }, () => 0));
  for (let pick = 0; pick < turns * period; pick += 1) {
    const places = counts[sequence.next(service)?.index as number] as number[];
    places[pick % period] = (places[pick % period] as number) + 1;
  }
  for (const [at, places] of counts.entries()) {
    for (const count of places)
      expect(sigmas(count, turns, shareOf(service, at))).toBeLessThan(4.5);
  }
});

test.each([[[90, 10]], [[70, 20, 10]], [[1, 1, 1, 1, 1, 1]]])(
  "QuotaSequence.next() gives each of the first picks by the shares: %j",
  (weights) => {
    const service = serviceTable(weighted(weights));
    const sequences = 20_000;
    const picks = 15;
    const counts = weights.map(() => Array.from({ length: picks }, () => 0));
    const random = seededRandom(17);
    for (let at = 0; at < sequences; at += 1) {
      const sequence = new QuotaSequence(random);
      for (let pick = 0; pick < picks; pick += 1) {
        const places = counts[sequence.next(service)?.index as number] as number[];
        places[pick] = (places[pick] as number) + 1;
      }
    }
    for (const [at, places] of counts.entries()) {
      for (const count of places)
        expect(sigmas(count, sequences, shareOf(service, at))).toBeLessThan(4.5);
    }
  },
);

function shareOf(service: ServiceTable, index: number): number {
  const sum = service.versions.reduce((total, { newWeight }) => total + newWeight, 0);
  return (service.versions[index]?.newWeight as number) / sum;
}

/** How far a count is from its share, in standard deviations of independent picks. */
function sigmas(count: number, total: number, share: number): number {
  return Math.abs(count - total * share) / Math.sqrt(total * share * (1 - share));
}
