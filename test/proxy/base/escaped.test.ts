import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { escaped, TEXT_CHARS_MAX } from "../../../proxy/base/escaped.ts";

describe("escaped()", () => {
  test.each([
    ["plain", "/a-b_c?d=e", "/a-b_c?d=e"],
    ["a quote and a backslash", 'a"b\\c', 'a\\"b\\\\c'],
    ["an end of line", "a\r\nb", "a\\r\\nb"],
    ["a terminal's command", "\u001b[2J\u009b", "\\u001b[2J\\ufffd"],
    ["UTF-8, a character a byte", "caf\u00c3\u00a9", "caf\\u00e9"],
    ["what is read from right to left", "\u00e2\u0080\u00ae", "\\u202e"],
    ["what is no UTF-8", "\u00ff", "\\ufffd"],
    ["text that is decoded already", "\u4f60", "\\u4f60"],
  ])("keeps %s harmless", (_what, text, wanted) => {
    expect(escaped(text)).toBe(wanted);
  });

  test("cuts what is too long, and says so", () => {
    const text = escaped("a".repeat(TEXT_CHARS_MAX + 1));
    expect([text.length, text.slice(-4)]).toEqual([TEXT_CHARS_MAX + 3, "a..."]);
  });

  test("leaves a string of JSON whole, whatever it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const line = `"${escaped(text)}"`;
        expect(line).toMatch(/^[ -~]*$/);
        expect(typeof JSON.parse(line)).toBe("string");
      }),
      { seed: 1 },
    );
  });
});
