import { describe, expect, test } from "vitest";
import { SERVICE_LIMITS, survey } from "../../../control/config/survey.ts";

const LIMITS = { nodes: 20, keys: 3 };

describe("survey()", () => {
  test("counts values, and takes what is within its limits", () => {
    expect(survey({ a: [1, "x", null], b: {} }, LIMITS)).toEqual({ nodes: 6, obstacles: [] });
    expect(survey("text", LIMITS)).toEqual({ nodes: 1, obstacles: [] });
  });

  test("refuses more values than there may be, without a look at the rest", () => {
    const { nodes, obstacles } = survey(
      Array.from({ length: 1_000 }, () => [[]]),
      LIMITS,
    );
    expect(obstacles).toEqual([{ path: [], wanted: "at most 20 values in all", found: "more" }]);
    expect(nodes).toBeLessThan(1_100);
  });

  test("refuses more keys in one object than there may be, wherever it is", () => {
    expect(survey({ a: [{ b: 1, c: 1, d: 1, e: 1 }] }, LIMITS).obstacles).toEqual([
      { path: ["a", 0], wanted: "at most 3 keys", found: "4" },
    ]);
  });

  test("refuses the key __proto__ and what is nested too deeply, with their places", () => {
    const deep: unknown = JSON.parse(`${"[".repeat(20)}${"]".repeat(20)}`);
    const document: unknown = { ...(JSON.parse('{"a":{"__proto__":{"x":1}}}') as object), deep };
    expect(survey(document, SERVICE_LIMITS).obstacles).toEqual([
      { path: ["a", "__proto__"], wanted: "another key", found: "a key reserved by JavaScript" },
      { path: ["deep", ...Array<number>(15).fill(0)], wanted: "at most 16 levels" },
    ]);
  });

  test("names at most 100 obstacles", () => {
    const lists = Array.from({ length: 500 }, () => JSON.parse('{"__proto__":1}') as object);
    expect(survey(lists, SERVICE_LIMITS).obstacles).toHaveLength(100);
  });
});
