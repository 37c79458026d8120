import { expect, test } from "vitest";
import { PRIORITIES, RANK_SHARES, rankOf } from "../../../proxy/table/priority.ts";

test("rankOf() is the place in PRIORITIES, and of none that of normal", () => {
  expect(PRIORITIES.map(rankOf)).toEqual([0, 1, 2]);
  expect(rankOf(undefined)).toBe(rankOf("normal"));
});

test("RANK_SHARES give what matters more the larger part, and the first all of it", () => {
  expect(RANK_SHARES[0]).toBe(1);
  expect(RANK_SHARES.toSorted((a, b) => b - a)).toEqual(RANK_SHARES);
});
