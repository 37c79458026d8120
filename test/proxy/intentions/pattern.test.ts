import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Pattern } from "../../../proxy/intentions/pattern.ts";

/*
 * Goal: patterns mean what they mean in RE2, match whole texts only, and cost one step for each
 * byte. JavaScript's own expressions are the oracle for all that both have.
 */

function matches(pattern: string, text: string): boolean {
  return new Pattern(pattern).matches(text);
}

describe("what a pattern matches", () => {
  test.each([
    ["/api/.*", "/api/v1/users", true],
    ["/api/.*", "/api", false],
    ["/api", "/api/", false],
    ["api", "/api", false],
    ["^/api$", "/api", true],
    ["/v[0-9]+/(users|groups)", "/v12/groups", true],
    ["/v[0-9]+/(users|groups)", "/v/groups", false],
    ["/(a|b|)", "/", true],
    ["a{2,3}", "a", false],
    ["a{2,3}", "aaa", true],
    ["a{2,3}", "aaaa", false],
    ["a{2,}", "aaaaaa", true],
    ["a{0}", "", true],
    ["a{x", "a{x", true],
    ["(?i)admin", "AdMin", true],
    ["a(?i)b(?-i)c", "aBc", true],
    ["a(?i)b(?-i)c", "aBC", false],
    ["(?i:a)b", "AB", false],
    ["(?P<name>a)(?<other>b)(?:c)", "abc", true],
    ["[^/]+", "a/b", false],
    ["[]a]+", "]a]", true],
    ["[a\\]-]+", "a]-", true],
    ["[[:alpha:]_]+", "ab_c", true],
    ["[[:^alpha:]]", "a", false],
    ["\\d+\\.\\d+", "1.25", true],
    ["\\w\\W\\s\\S\\D", "a- bc", true],
    ["\\x41\\x{42}", "AB", true],
    [".", "\n", false],
    ["(?s).", "\n", true],
    ["\\Aa\\z", "a", true],
    ["a^b", "ab", false],
    ["(a|b$|c)+", "cab", true],
    ["(a|b$|c)+", "cba", false],
    ["(^a|b)+", "ab", true],
    ["(^a|b)+", "ba", false],
    ["(a*)*", "aaaa", true],
    ["(a*)*b", "aaaac", false],
    ["", "", true],
    ["", "a", false],
    [".+?/x??", "ab/", true],
    ["é".replace("é", "\\xC3\\xA9"), "\u00c3\u00a9", true],
    ["a", "\u0161", false],
  ])("%j on %j: %s", (pattern, text, expected) => {
    expect(matches(pattern, text)).toBe(expected);
  });

  test("case is ignored in all of a pattern when that is asked for", () => {
    const pattern = new Pattern("a|[b-c]|(?-i:d)", true);
    expect(["A", "C", "d", "D"].map((text) => pattern.matches(text))).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });

  test("it means the same as in JavaScript, for whatever both can say", () => {
    const letter = fc.constantFrom("a", "b", "c", ".", "[ab]", "[^a]", "\\d", "x{2}", "^", "$");
    const { pattern } = fc.letrec<{ pattern: string }>((tie) => ({
      pattern: fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        letter,
        fc.tuple(tie("pattern"), tie("pattern")).map(([left, right]) => left + right),
        fc.tuple(tie("pattern"), tie("pattern")).map(([left, right]) => `(?:${left}|${right})`),
        fc
          .tuple(tie("pattern"), fc.constantFrom("*", "+", "?", "{0,2}", "{1,}", "*?"))
          .map(([part, often]) => `(?:${part})${often}`),
      ),
    }));
    const text = fc.string({ unit: fc.constantFrom("a", "b", "c", "x", "1", "\n"), maxLength: 9 });
    fc.assert(
      fc.property(pattern, fc.array(text, { maxLength: 8 }), (written, texts) => {
        const ours = new Pattern(written);
        const theirs = new RegExp(`^(?:${written})$`);
        for (const each of texts) {
          expect(ours.matches(each), `${written} on ${each}`).toBe(theirs.test(each));
        }
      }),
      { seed: 13, numRuns: 2_000 },
    );
  });

  test("a text that JavaScript would try for ages costs a step for each byte", () => {
    const pattern = new Pattern("(a|a)*(a|b)*(a*)*c");
    const beganMs = performance.now();
    expect(pattern.matches("a".repeat(100_000))).toBe(false);
    expect(performance.now() - beganMs).toBeLessThan(1_000);
  });

  test("a text that makes a new state with each byte is matched in bounded memory", () => {
    const pattern = new Pattern("(a|b)*a(a|b){14}");
    const bits = Array.from({ length: 20_000 }, (_, at) => ((at * 7_919) % 13 < 6 ? "a" : "b"));
    const text = bits.join("");
    expect(pattern.matches(text)).toBe(text.at(-15) === "a");
    expect(pattern.matches(`${text}a${"b".repeat(14)}`)).toBe(true);
  });
});

describe("what no pattern is", () => {
  test.each([
    "(a",
    "a)",
    "[a",
    "[a-",
    "[b-a]",
    "[\\d-z]",
    "[[:nothing:]]",
    "*a",
    "a**",
    "a{3}{2}",
    "a{2,1}",
    "a{1001}",
    "\\",
    "\\b",
    "\\1",
    "\\pL",
    "\\xZZ",
    "(?=a)",
    "(?!a)",
    "(?<=a)b",
    "(?",
    "(?i",
    "(?u)a",
    "é",
    "a".repeat(1_025),
    "(".repeat(33) + ")".repeat(33),
    "((a{1000}){1000})",
  ])("%s", (pattern) => {
    expect(() => new Pattern(pattern)).toThrow(/^Cannot use pattern/);
  });
});
