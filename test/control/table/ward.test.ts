import { expect, test } from "vitest";
import { changesWeights } from "../../../control/table/ward.ts";
import type { ServiceDocument } from "../../../control/config/service-schema.ts";

const of = (weights: Record<string, number | undefined>): ServiceDocument => {
  const versions = Object.entries(weights).map(([name, weight]) => [name, { weight }] as const);
  return { versions: Object.fromEntries(versions) };
};

test.each([
  ["a shift", of({ v1: 90, v2: 10 }), of({ v1: 80, v2: 20 }), true],
  ["the same weights", of({ v1: 90, v2: 10 }), of({ v2: 10, v1: 90 }), false],
  ["a version without a weight that comes", of({ v1: 1 }), of({ v1: 1, v2: 0 }), false],
  ["a version with a weight that comes", of({ v1: 1 }), of({ v1: 1, v2: 1 }), true],
  ["a version with a weight that goes", of({ v1: 1, v2: 1 }), of({ v1: 1 }), true],
  ["a lone version that says its weight", of({ v1: undefined }), of({ v1: 1 }), false],
  ["a service that goes", of({ v1: 1 }), undefined, true],
])("changesWeights() of %s", (_what, before, after, changes) => {
  expect(changesWeights({ service: "web", before, after })).toBe(changes);
});
