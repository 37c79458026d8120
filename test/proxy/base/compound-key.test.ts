import { expect, test } from "vitest";
import { compoundKey } from "../../../proxy/base/compound-key.ts";

test("compoundKey() is the same for the same names in their order, and for no others", () => {
  const lists = [["a", "b"], ["b", "a"], ["ab"], ["a", "b", ""], ["", "ab"], []];
  expect(new Set(lists.map((names) => compoundKey(...names))).size).toBe(lists.length);
  expect(compoundKey("a", "b")).toBe(compoundKey("a", "b"));
});
