import { expect, test } from "vitest";
import { listed } from "../../../control/base/listed.ts";

test.each([
  [[], ""],
  [["a"], "a"],
  [["a", "b", "c"], "a; b; c"],
  [["a", "b", "c", "d", "e"], "a; b; c; 2 more"],
])("listed(%j) is %j", (texts, wanted) => {
  expect(listed(texts)).toBe(wanted);
});
