import { expect, test } from "vitest";
import { diffLines } from "../../../control/page/diff-lines.ts";

test("diffLines() give each value that differs, by its path", () => {
  const before = { versions: { v1: { weight: 90 }, v2: { weight: 10 } }, hosts: ["a"] };
  const after = {
    versions: { v1: { weight: 80 }, v2: { weight: 10 }, v3: { weight: 10 } },
    hosts: [],
  };
  expect(diffLines(before, after)).toEqual([
    { path: "hosts", before: '["a"]', after: "[]" },
    { path: "versions.v1.weight", before: "90", after: "80" },
    { path: "versions.v3.weight", before: undefined, after: "10" },
  ]);
});

test("diffLines() tell of what is new, gone, empty or no document at all", () => {
  expect(diffLines(undefined, { a: {} })).toEqual([{ path: "a", before: undefined, after: "{}" }]);
  expect(diffLines({ a: null }, undefined)).toEqual([
    { path: "a", before: "null", after: undefined },
  ]);
  expect(diffLines("drain", "ready")).toEqual([{ path: "", before: '"drain"', after: '"ready"' }]);
  expect(diffLines(undefined, undefined)).toEqual([]);
});
