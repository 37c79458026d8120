import { expect, test } from "vitest";
import { AGE_BOUNDS_MS, AGE_CLASSES } from "../../../proxy/messages/messages.ts";

test("AGE_BOUNDS_MS has one for each class, young to old, and the last takes every age", () => {
  expect(AGE_BOUNDS_MS).toHaveLength(AGE_CLASSES.length);
  expect(AGE_BOUNDS_MS.toSorted((a, b) => a - b)).toEqual([...AGE_BOUNDS_MS]);
  expect(AGE_BOUNDS_MS.at(-1)).toBe(Infinity);
});
