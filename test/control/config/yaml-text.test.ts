import { describe, expect, test } from "vitest";
import { ConfigError, problemText } from "../../../control/base/errors.ts";
import { readYaml } from "../../../control/config/yaml-text.ts";

function problems(text: string): readonly string[] {
  try {
    readYaml(text, "sluice.yaml");
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(problemText);
  }
}

describe("readYaml()", () => {
  test.each([
    ["1.10: a", { "1.10": "a" }],
    ["1.1: a\n1.10: b", { "1.1": "a", "1.10": "b" }],
    ["12e4567: a", { "12e4567": "a" }],
    ["0x1F: a", { "0x1F": "a" }],
    ["1_000: a", { "1_000": "a" }],
    ["true: a", { true: "a" }],
    ["null: a", { null: "a" }],
    ["2026-01-01: a", { "2026-01-01": "a" }],
    ["'1.10': a", { "1.10": "a" }],
    ["k: &k 1.10\nm: { *k : a }", { k: 1.1, m: { "1.10": "a" } }],
  ])("keeps the text of the key in %j", (text, document) => {
    expect(readYaml(text, "f").document).toStrictEqual(document);
  });

  test("merges what `<<` names, and what is written beside it wins", () => {
    const text = "a: &a { x: 1, y: 1 }\nb: { <<: *a, y: 2, 1.10: z }";
    expect(readYaml(text, "f").document).toMatchObject({ b: { x: 1, y: 2, "1.10": "z" } });
  });

  test.each([
    ["1.10: a\n'1.10': b", "wanted YAML 1.2 or JSON, found duplicate key (line 2, column 1)"],
    ["? [a]\n: b", "wanted a text as key, found a list or object (line 1, column 3)"],
    ["a: [", "wanted YAML 1.2 or JSON, found bad indent (line 1, column 5)"],
  ])("refuses %j", (text, expected) => {
    expect(problems(text)).toStrictEqual([expected]);
  });

  test("refuses merges that multiply", () => {
    const lines = ["a0: &a0 { x: 1 }"];
    for (let level = 1; level < 20; level += 1) {
      lines.push(`a${level}: &a${level} { <<: [*a${level - 1}, *a${level - 1}] }`);
    }
    expect(problems(lines.join("\n"))).toStrictEqual([
      "wanted aliases of earlier anchors that add at most 100 nodes, found others",
    ]);
  });

  test("knows where a path stands, also below a key that looks like a number", () => {
    const { place } = readYaml("a:\n  1.10: { b: 2 }", "f");
    expect(place(["a", "1.10", "b"])).toStrictEqual({ line: 2, column: 14 });
    expect(place(["a", "1.10", "none"])).toStrictEqual({ line: 2, column: 9 });
  });
});
