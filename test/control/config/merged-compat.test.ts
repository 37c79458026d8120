import { expect, test } from "vitest";
import { mergedCompat } from "../../../control/config/merged-compat.ts";

const OLD = { reads: [1, 2], writes: 2, requires: { payments: ">=3" } };

test("mergedCompat() is what all say, whatever others say nothing", () => {
  expect([mergedCompat([]), mergedCompat([{}, {}])]).toEqual([undefined, undefined]);
  expect(mergedCompat([{}, { compat: OLD }, { compat: { ...OLD } }])).toEqual(OLD);
});

test("mergedCompat() is what is safe for all where they differ", () => {
  const next = { reads: [2, 3], writes: 3, requires: { users: "2" } };
  expect(mergedCompat([{ compat: OLD }, { compat: next }])).toEqual({
    reads: [2],
    writes: 3,
    requires: { payments: ">=3", users: "2" },
  });
  const silent = { reads: [], writes: undefined, requires: {} };
  expect(mergedCompat([{ compat: silent }, { compat: { ...silent } }])).toEqual(silent);
});
