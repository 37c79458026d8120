import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  parseResolver,
  parseRouter,
  parseSplitter,
  toPercentages,
  toWeights,
  entryWithWeights,
  versionNameOf,
} from "../../../control/registry/config-entry.ts";
import { ConsulError } from "../../../control/consul/consul-error.ts";
import { WEIGHT_MAX } from "../../../proxy/table/snapshot.ts";

const hundredths = (percentages: Readonly<Record<string, number>>): readonly number[] =>
  Object.values(percentages).map((percentage) => Math.round(percentage * 100));

const splitter = parseSplitter({
  Kind: "service-splitter",
  Name: "web",
  Splits: [
    { Weight: 90.5, ServiceSubset: "v1", RequestHeaders: { Set: { "x-a": "1" } } },
    { Weight: 9.5, ServiceSubset: "v2" },
  ],
  Meta: { team: "shop" },
  ModifyIndex: 7,
});

test.each([
  [
    { v1: 90, v2: 10 },
    { v1: 90, v2: 10 },
  ],
  [
    { a: 1, b: 1, c: 1 },
    { a: 33.34, b: 33.33, c: 33.33 },
  ],
  [
    { v1: 0, v2: 3 },
    { v1: 0, v2: 100 },
  ],
  [
    { v1: 999_999, v2: 1 },
    { v1: 99.99, v2: 0.01 },
  ],
  [
    { a: 1_000_000, b: 1, c: 1 },
    { a: 99.98, b: 0.01, c: 0.01 },
  ],
])("toPercentages(%o) is %o", (weights, percentages) => {
  expect(toPercentages(weights)).toEqual(percentages);
});

test("toPercentages() refuses weights that are all 0", () => {
  expect(() => toPercentages({ v1: 0, v2: 0 })).toThrow(ConsulError);
});

const anyWeights = fc
  .array(fc.integer({ min: 0, max: WEIGHT_MAX }), { minLength: 1, maxLength: 8 })
  .filter((weights) => weights.some((weight) => weight > 0));

function checkSum(list: readonly number[]): void {
  const weights = Object.fromEntries(list.map((weight, index) => [`v${index}`, weight]));
  const parts = hundredths(toPercentages(weights));
  expect(parts.reduce((sum, part) => sum + part, 0)).toBe(10_000);
  expect(parts.map((part) => part > 0)).toEqual(list.map((weight) => weight > 0));
}

test("toPercentages() sums to 100 in hundredths, keeps 0 at 0 and everything else above it", () => {
  fc.assert(fc.property(anyWeights, checkSum), { seed: 4, numRuns: 500 });
});

function checkError(list: readonly number[]): void {
  const sum = list.reduce((total, weight) => total + weight, 0);
  const parts = Object.values(toPercentages(Object.fromEntries(list.entries())));
  for (const [index, weight] of list.entries()) {
    expect(Math.abs((parts[index] as number) - (weight * 100) / sum)).toBeLessThan(0.010_001);
  }
}

test("toPercentages() is within 0.01 points of each share when no share is below that", () => {
  const weight = fc.integer({ min: 1_000, max: 100_000 });
  const weights = fc.array(weight, { minLength: 1, maxLength: 8 });
  fc.assert(fc.property(weights, checkError), { seed: 4, numRuns: 500 });
});

test("toWeights() reads hundredths of a percent, which toPercentages() gives back exactly", () => {
  expect(toWeights(splitter)).toEqual({ v1: 9_050, v2: 950 });
  expect(toPercentages(toWeights(splitter))).toEqual({ v1: 90.5, v2: 9.5 });
});

test("entryWithWeights() keeps whatever else the entry says", () => {
  const { Splits, Meta } = entryWithWeights(splitter, { v1: 1, v2: 3, v3: 0 });
  expect(Splits).toEqual([
    { Weight: 25, ServiceSubset: "v1", RequestHeaders: { Set: { "x-a": "1" } } },
    { Weight: 75, ServiceSubset: "v2" },
  ]);
  expect(Meta).toEqual({ team: "shop" });
});

test("entryWithWeights() writes a version named like the service without a subset", () => {
  const { Splits } = entryWithWeights({ ...splitter, Splits: [] }, { web: 3, v1: 1 });
  expect(Splits).toEqual([{ Weight: 75 }, { Weight: 25, ServiceSubset: "v1" }]);
});

test("entryWithWeights() keeps a line that gets nothing, and makes none", () => {
  const { Splits } = entryWithWeights(splitter, { v1: 1, v2: 0, backup: 0 });
  expect(Splits).toMatchObject([
    { Weight: 100, ServiceSubset: "v1" },
    { Weight: 0, ServiceSubset: "v2" },
  ]);
  expect(Splits).toHaveLength(2);
});

test.each([
  [{}, "web"],
  [{ Service: null, ServiceSubset: "" }, "web"],
  [{ ServiceSubset: "v1" }, "v1"],
  [{ Service: "web", ServiceSubset: "v1" }, "v1"],
  [{ Service: "other" }, "other"],
  [{ Service: "other", ServiceSubset: "v1" }, "other-v1"],
  [{ ServiceSubset: "2" }, "v2"],
])("versionNameOf() calls %j of web %s", (place, name) => {
  expect(versionNameOf("web", place)).toBe(name);
});

test("toWeights() adds up lines for the same instances, and refuses others of one name", () => {
  const split = (Splits: readonly object[]): unknown =>
    toWeights(parseSplitter({ ...entry, Splits }));
  const entry = { Kind: "service-splitter", Name: "web", ModifyIndex: 1 };
  expect(split([{ Weight: 60 }, { Weight: 40, Service: "web" }])).toEqual({ web: 10_000 });
  const lines = [
    { Weight: 60, ServiceSubset: "1" },
    { Weight: 40, ServiceSubset: "v1" },
  ];
  expect(() => split(lines)).toThrow(
    "Cannot read service-splitter web: two of its lines would be the version v1",
  );
});

test("parseResolver() and parseRouter() take what Go writes for what is empty", () => {
  const named = { Name: "web", ModifyIndex: 1 };
  const resolver = { ...named, Kind: "service-resolver", Subsets: null, Redirect: null };
  expect(parseResolver(resolver)).toEqual(resolver);
  const router = { ...named, Kind: "service-router", Routes: [{ Match: null, Destination: null }] };
  expect(parseRouter(router)).toEqual(router);
});

test("parseSplitter() says what is wrong with an entry", () => {
  const entry = {
    Kind: "service-splitter",
    Name: "web",
    Splits: [{ Weight: "all" }],
    ModifyIndex: 1,
  };
  expect(() => parseSplitter(entry)).toThrow(/Cannot read service-splitter: .*Weight/s);
});
