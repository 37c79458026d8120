import fc from "fast-check";
import { expect, test } from "vitest";
import { partsOf } from "../../../control/workers/rate-parts.ts";

test("partsOf() divides a rate by what each holds", () => {
  expect(partsOf(100, [300, 100, 0])).toEqual([75, 25, 0]);
});

test("partsOf() divides it equally when nobody holds anything, and among nobody not at all", () => {
  expect(partsOf(90, [0, 0, 0])).toEqual([30, 30, 30]);
  expect(partsOf(90, [])).toEqual([]);
});

test("partsOf() gives away the whole rate, whoever holds what", () => {
  const held = fc.array(fc.nat(1_000_000), { minLength: 1, maxLength: 64 });
  const rates = fc.integer({ min: 1, max: 100_000 });
  fc.assert(
    fc.property(rates, held, (rate, each) => {
      const sum = partsOf(rate, each).reduce((total, part) => total + part, 0);
      expect(sum).toBeCloseTo(rate, 6);
    }),
    { seed: 4 },
  );
});
