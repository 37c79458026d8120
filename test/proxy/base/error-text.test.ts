import { expect, test } from "vitest";
import { errorCode, errorText, errorTrace } from "../../../proxy/base/error-text.ts";

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

test("errorTrace() says where an error was thrown, if it is one", () => {
  expect(errorTrace(new TypeError("no"))).toMatch(/^TypeError: no\n +at .*error-text\.test/);
  expect(errorTrace(Object.assign(new Error("no"), { stack: undefined }))).toBe("no");
  expect(errorTrace("no")).toBe("no");
});

test.each([
  [Object.assign(new Error("no"), { code: "ENOENT" }), "ENOENT"],
  [Object.assign(new Error("no"), { code: 7 }), undefined],
  [new Error("no"), undefined],
  [{ code: "ENOENT" }, undefined],
  [undefined, undefined],
])("errorCode() takes a code from errors alone: %#", (thrown, code) => {
  expect(errorCode(thrown)).toBe(code);
});
