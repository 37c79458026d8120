import { describe, expect, test } from "vitest";
import {
  anyByte,
  foldedBytes,
  readBrackets,
  readEscape,
  singleByte,
} from "../../../proxy/intentions/byte-sets.ts";
import type { ByteSet } from "../../../proxy/intentions/byte-sets.ts";
import { PatternText } from "../../../proxy/intentions/pattern-text.ts";

const BYTES = Array.from({ length: 256 }, (_, byte) => byte);

/** The characters of a set, from the least to the greatest. */
function textOf(bytes: ByteSet): string {
  return String.fromCharCode(...BYTES.filter((byte) => bytes[byte] === 1));
}

/** Those that JavaScript's own expression has, by character. */
function matching(wanted: RegExp): string {
  return BYTES.map((byte) => String.fromCharCode(byte))
    .filter((character) => wanted.test(character))
    .join("");
}

describe("readEscape()", () => {
  test.each(["\\d", "\\D", "\\w", "\\W"])("reads %s as JavaScript does", (escape) => {
    const bytes = readEscape(new PatternText(escape.slice(1)));
    expect(textOf(bytes)).toBe(matching(new RegExp(escape)));
  });

  // Unlike JavaScript's, RE2's \s has neither a vertical tab nor a no-break space.
  test("reads \\s and \\S as RE2 does", () => {
    expect(textOf(readEscape(new PatternText("s")))).toBe("\t\n\f\r ");
    expect(textOf(readEscape(new PatternText("S")))).toBe(matching(/[^\t\n\f\r ]/));
  });

  test.each([
    ["a", "\u0007"],
    ["v", "\v"],
    ["n", "\n"],
    ["x4a", "J"],
    ["x{a}", "\n"],
    ["x{7A}", "z"],
    [".", "."],
    ["\\", "\\"],
    ["/", "/"],
  ])("reads \\%s as one byte", (text, byte) => {
    expect(textOf(readEscape(new PatternText(text)))).toBe(byte);
  });

  test.each([
    ["b", "found \\b"],
    ["1", "found \\1"],
    ["_", "found \\_"],
    ["x", "without two digits"],
    ["x4", "without two digits"],
    ["x{123}", "without two digits"],
    ["", "it ends too soon"],
  ])("refuses \\%s", (text, reason) => {
    expect(() => readEscape(new PatternText(text))).toThrow(reason);
  });
});

describe("readBrackets()", () => {
  const read = (text: string, ignoresCase = false): string =>
    textOf(readBrackets(new PatternText(text), ignoresCase));

  test.each([
    ["abc]", "abc"],
    ["a-c]", "abc"],
    ["a-]", "-a"],
    ["-a]", "-a"],
    ["]a]", "]a"],
    ["a\\]]", "]a"],
    ["\\x41-C]", "ABC"],
    ["\\d_]", "0123456789_"],
    ["[:digit:]x]", "0123456789x"],
    ["[:blank:]]", "\t "],
    ["^[:^digit:]]", "0123456789"],
    ["[:xdigit:]]", "0123456789ABCDEFabcdef"],
  ])("reads [%s", (text, expected) => {
    expect(read(text)).toBe(expected);
  });

  test("folds cases before it inverts", () => {
    expect(read("a-c_]", true)).toBe("ABC_abc");
    expect(read("^a]", true)).toBe(matching(/[^aA]/));
  });

  test("knows POSIX's sets, which all of ASCII is made of", () => {
    expect(read("[:cntrl:][:print:]]")).toBe(read("[:ascii:]]"));
    expect(read("[:punct:][:alnum:]]")).toBe(read("[:graph:]]"));
    expect(read("[:upper:][:lower:]]")).toBe(read("[:alpha:]]"));
    expect(read("[:space:]]")).toBe("\t\n\v\f\r ");
    expect(read("[:word:]]")).toBe(matching(/\w/));
  });

  test.each([
    ["a", "found [ without ]"],
    ["", "found [ without ]"],
    ["z-a]", "found a range that is none"],
    ["a-\\d]", "found a range that is none"],
    ["\\d-z]", "found a range that is none"],
    ["[:no:]]", "found [:no:]"],
  ])("refuses [%s", (text, reason) => {
    expect(() => read(text)).toThrow(reason);
  });
});

test("foldedBytes() has each letter in both cases, and leaves the rest", () => {
  expect(textOf(foldedBytes(singleByte(0x7a)))).toBe("Zz");
  expect(textOf(foldedBytes(singleByte(0x41)))).toBe("Aa");
  expect([0x40, 0x5b, 0x60, 0x7b].map((byte) => textOf(foldedBytes(singleByte(byte))))).toEqual([
    "@",
    "[",
    "`",
    "{",
  ]);
});

test("anyByte() has the end of a line only if asked to", () => {
  expect(textOf(anyByte(true))).toHaveLength(256);
  expect(textOf(anyByte(false))).toBe(matching(/[^\n]/));
});
