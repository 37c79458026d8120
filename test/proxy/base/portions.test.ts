import fc from "fast-check";
import { expect, test } from "vitest";
import { portions } from "../../../proxy/base/portions.ts";

const itself = (size: number): number => size;

test("portions() fill up to what they may have, and a larger item is one alone", () => {
  expect(portions([3, 3, 4, 11, 1, 10, 0], itself, 10)).toEqual([[3, 3, 4], [11], [1], [10, 0]]);
  expect(portions([11, 11], itself, 10)).toEqual([[11], [11]]);
  expect(portions([], itself, 10)).toEqual([]);
});

test("portions() keep every item and the order, and are as few as that allows", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(12)), (sizes) => {
      const parts = portions(sizes, itself, 10);
      expect(parts.flat()).toEqual(sizes);
      const sums = parts.map((part) => part.reduce((sum, size) => sum + size, 0));
      for (const [at, part] of parts.entries()) {
        expect(part.length).toBeGreaterThan(0);
        expect(part.length === 1 || (sums[at] ?? 0) <= 10).toBe(true);
        const next = parts[at + 1]?.[0];
        if (next !== undefined) expect((sums[at] ?? 0) + next).toBeGreaterThan(10);
      }
    }),
  );
});
