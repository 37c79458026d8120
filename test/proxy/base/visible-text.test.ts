import { expect, test } from "vitest";
import { visibleText } from "../../../proxy/base/visible-text.ts";

test.each([
  ["plain text, ünïcode 🎈\n\tand lines", "plain text, ünïcode 🎈\n\tand lines"],
  ["\u001b[31mred", "\\u001b[31mred"],
  ["\u009b2Jgone", "\\u009b2Jgone"],
  ["over\rwritten", "over\\u000dwritten"],
  ["a\u202eb\u2066c\u2028d\u0000", "a\\u202eb\\u2066c\\u2028d\\u0000"],
  ["\u007f", "\\u007f"],
])("visibleText() of %j is %j", (text, expected) => {
  expect(visibleText(text)).toBe(expected);
});

test("visibleText() of JSON is the same JSON", () => {
  const value = { "a\u009b": ["\u202e", "\u001b\n"] };
  expect(JSON.parse(visibleText(JSON.stringify(value)))).toEqual(value);
});
