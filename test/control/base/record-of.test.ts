import { expect, test } from "vitest";
import { isRecord, recordOf } from "../../../control/base/record-of.ts";

test("recordOf() knows the names that it was given, and none of JavaScript's own", () => {
  const record = recordOf([
    ["valueOf", 1],
    ["__proto__", 2],
  ]);
  expect(Object.entries(record)).toEqual([
    ["valueOf", 1],
    ["__proto__", 2],
  ]);
  for (const name of ["constructor", "toString", "hasOwnProperty"]) {
    expect(record[name]).toBeUndefined();
    expect(name in record).toBe(false);
  }
});

test("isRecord() takes objects with keys, and neither lists nor nothing", () => {
  expect([{}, recordOf([])].map(isRecord)).toEqual([true, true]);
  expect([[], null, undefined, "text", 1].map(isRecord)).toEqual(Array(5).fill(false));
});
