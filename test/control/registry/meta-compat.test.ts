import { describe, expect, test } from "vitest";
import { compatOfMeta } from "../../../control/registry/meta-compat.ts";

describe("compatOfMeta()", () => {
  test.each([
    [{ "sluice-writes": "2" }, { reads: [2], writes: 2, requires: {} }],
    [{ "sluice-reads": "1, 2" }, { reads: [1, 2], writes: undefined, requires: {} }],
    [
      {
        "sluice-reads": "1,2",
        "sluice-writes": " 2 ",
        "sluice-requires": "payments>=3, my.users = 2.1",
      },
      { reads: [1, 2], writes: 2, requires: { payments: ">=3", "my.users": "2.1" } },
    ],
  ])("reads %j", (meta, compat) => {
    expect(compatOfMeta({ version: "v2", ...meta })).toEqual({ compat, flaws: [] });
  });

  test.each([[undefined], [null], [{}], [{ version: "v1" }]])("finds nothing in %j", (meta) => {
    expect(compatOfMeta(meta)).toEqual({ compat: undefined, flaws: [] });
  });

  test.each([
    ["sluice-writes", "two", '"two"'],
    ["sluice-writes", "0", '"0"'],
    ["sluice-writes", "1000001", '"1000001"'],
    ["sluice-writes", 2, "2"],
    ["sluice-writes", null, "null"],
    ["sluice-reads", "", '""'],
    ["sluice-reads", "1,,2", '"1,,2"'],
    ["sluice-reads", Array.from({ length: 65 }, () => "1").join(), `"${"1,".repeat(29)}1…`],
    ["sluice-requires", "payments", '"payments"'],
    ["sluice-requires", "payments>3", '"payments>3"'],
    ["sluice-requires", "__proto__>=3", '"__proto__>=3"'],
    ["sluice-requires", `${"a".repeat(512)}>=3`, `"${"a".repeat(59)}…`],
    ["sluice-requires", "\u001b[31m", '"\\u001b[31m"'],
  ])("says that %s cannot be %j, and takes the rest", (key, value, shown) => {
    expect(compatOfMeta({ [key]: value })).toEqual({
      compat: undefined,
      flaws: [`${key} ${shown}`],
    });
    const other = key === "sluice-reads" ? "sluice-writes" : "sluice-reads";
    const { compat, flaws } = compatOfMeta({ [key]: value, [other]: "7" });
    expect([compat?.reads, flaws]).toEqual([[7], [`${key} ${shown}`]]);
  });
});
