import { describe, expect, test } from "vitest";
import { parsePattern } from "../../../proxy/intentions/pattern-syntax.ts";
import type { PatternNode } from "../../../proxy/intentions/pattern-syntax.ts";

/** A pattern's tree as text: what was read of it, with each repetition's bounds. */
function shown(node: PatternNode): string {
  switch (node.kind) {
    case "byte": {
      const bytes = [...node.bytes.keys()].filter((byte) => node.bytes[byte] === 1);
      return bytes.length > 2 ? `<${bytes.length}>` : String.fromCharCode(...bytes);
    }
    case "start":
    case "end":
      return `<${node.kind}>`;
    case "sequence":
      return node.parts.map(shown).join("");
    case "choice":
      return node.parts.length === 1
        ? shownOnly(node.parts)
        : `(${node.parts.map(shown).join("|")})`;
    case "repeat":
      return `${shown(node.part)}{${node.least},${node.most}}`;
  }
}

const shownOnly = ([only]: readonly PatternNode[]): string => (only ? shown(only) : "");

test.each([
  ["", ""],
  ["a|b|", "(a|b|)"],
  ["ab*c+d?", "ab{0,Infinity}c{1,Infinity}d{0,1}"],
  ["a*?b+?", "a{0,Infinity}b{1,Infinity}"],
  ["a{2}b{2,}c{2,3}", "a{2,2}b{2,Infinity}c{2,3}"],
  ["a{,2}b{x", "a{,2}b{x"],
  ["a{1000}", "a{1000,1000}"],
  ["(ab|c)*", "(ab|c){0,Infinity}"],
  ["(?:a)(?P<n>b)(?<n>c)", "abc"],
  ["^a$\\A\\z", "<start>a<end><start><end>"],
  [".(?s).(?-s:.)", "<255><256><255>"],
  ["a(?i)b(?-i)c", "aBbc"],
  ["(a(?i)b)c(?i:d)e", "aBbcDde"],
  ["(?i-s:a)b", "Aab"],
  ["(?i)[a]\\x41", "AaAa"],
])("parsePattern() reads %j as %s", (text, tree) => {
  expect(shown(parsePattern(text))).toBe(tree);
});

test("parsePattern() ignores cases from the beginning when asked to", () => {
  expect(shown(parsePattern("a(?-i)b", true))).toBe("Aab");
});

describe("parsePattern() refuses", () => {
  test.each([
    ["*a", "found * with nothing to repeat"],
    ["a|+", "found + with nothing to repeat"],
    ["(?)", "found (? that means nothing here"],
    ["a**", "found one repetition after another"],
    ["a+{2}", "found one repetition after another"],
    ["a{3,2}", "found the repetition {3,2}"],
    ["a{1001}", "found the repetition {1001}"],
    ["a{1001,}", "found the repetition {1001,}"],
    ["(a", "found ( without )"],
    ["a)", "found ) without ("],
    ["(?=a)", "found (? that means nothing here"],
    ["(?<!a)", "found (? that means nothing here"],
    ["(?i", "found (? that means nothing here"],
    ["a\\", "it ends too soon"],
  ])("%j", (text, reason) => {
    expect(() => parsePattern(text)).toThrow(reason);
  });

  test("more than 32 groups in each other, and no less", () => {
    const nested = (depth: number): string => "(".repeat(depth) + ")".repeat(depth);
    expect(shown(parsePattern(nested(32)))).toBe("");
    expect(shown(parsePattern("()".repeat(100)))).toBe("");
    expect(() => parsePattern(nested(33))).toThrow("wanted at most 32 groups in each other");
  });
});
