import { expect, test } from "vitest";
import { errorText } from "../../../proxy/base/error-text.ts";

test.each([
  [new TypeError("no"), "no"],
  ["no", "no"],
  [7, "7"],
  [undefined, "undefined"],
  [Symbol("no"), "Symbol(no)"],
  [Object.create(null), "a value that has no text"],
])("errorText() has a text for whatever was thrown: %#", (thrown, text) => {
  expect(errorText(thrown)).toBe(text);
});
