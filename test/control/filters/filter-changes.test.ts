import { describe, expect, test } from "vitest";
import { changesBetween, codeNameOf } from "../../../control/filters/filter-changes.ts";
import { filterSnapshot, filterSpec } from "../../proxy/filters/filter-fixture.ts";

const one = filterSpec("f", "one");
const named = (hash: string, name = "f"): object => ({ module: `./${name}.ts`, hash });

describe("changesBetween()", () => {
  test("tells new filters, other code and those that are gone, service by service", () => {
    const before = new Map([["web", [one, filterSpec("old", "x")]]]);
    const after = new Map([
      ["web", [filterSpec("f", "two"), filterSpec("g", "three")]],
      ["shop", [filterSpec("f", "one")]],
    ]);
    expect(changesBetween(before, after)).toEqual([
      { service: "web", filter: "f", was: named("one"), is: named("two") },
      { service: "web", filter: "g", was: undefined, is: named("three", "g") },
      { service: "web", filter: "old", was: named("x", "old"), is: undefined },
      { service: "shop", filter: "f", was: undefined, is: named("one") },
    ]);
  });

  test("tells other options of the same code, and not what is as it was", () => {
    const after = filterSpec("f", "one", { options: { a: 1 } });
    expect(changesBetween(new Map([["web", [one]]]), new Map([["web", [after]]]))).toHaveLength(1);
    expect(changesBetween(new Map([["web", [one]]]), new Map([["web", [one]]]))).toEqual([]);
  });

  test("says nothing of services that `after` does not name", () => {
    expect(changesBetween(new Map([["web", [one]]]), new Map())).toEqual([]);
  });
});

test("codeNameOf() has no hash for a file that could not be read", () => {
  const missing = { kind: "missing", reason: "no file" } as const;
  const spec = { filter: filterSnapshot("f"), code: missing };
  expect(codeNameOf(spec)).toEqual({ module: "./f.ts", hash: undefined });
  expect(codeNameOf(undefined)).toBeUndefined();
});
