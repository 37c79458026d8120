import fc from "fast-check";
import stringWidth from "string-width";
import { describe, expect, test } from "vitest";
import { cut, fittedTable } from "../../../control/cli/fitted-table.ts";
import type { FittedColumn } from "../../../control/cli/fitted-table.ts";

const COLUMNS: readonly FittedColumn[] = [
  { head: "NAME", align: "left", drop: 0, flex: true, least: 6 },
  { head: "STATE", align: "left", drop: 1 },
  { head: "RATE", align: "right", drop: 0 },
  { head: "P50", align: "right", drop: 2 },
];

const ROWS = [
  ["shop", "ready", "12", "1.5 ms"],
  ["a-long-name", "drain", "3", "20 ms"],
];

describe("fittedTable()", () => {
  test("has all columns where there is room, numbers at the right", () => {
    expect(fittedTable({ columns: COLUMNS, rows: ROWS }, 40)).toEqual([
      "NAME         STATE  RATE     P50",
      "shop         ready    12  1.5 ms",
      "a-long-name  drain     3   20 ms",
    ]);
  });

  test("drops one column after the other, and cuts names at last", () => {
    const table = { columns: COLUMNS, rows: ROWS };
    expect(fittedTable(table, 20)).toEqual([
      "NAME     STATE  RATE",
      "shop     ready    12",
      "a-long…  drain     3",
    ]);
    expect(fittedTable(table, 12)).toEqual(["NAME    RATE", "shop      12", "a-lon…     3"]);
  });

  test("keeps a row one line, whatever is in it", () => {
    const lines = fittedTable({ columns: COLUMNS, rows: [["a\nb\u001b[2J", "", "", ""]] }, 40);
    expect(lines[1]).toBe("a\\nb\\u001b[2J");
  });

  test("is never wider than it may be", () => {
    const cell = fc.string({ unit: "grapheme", maxLength: 20 });
    const rows = fc.array(fc.tuple(cell, cell, cell, cell), { maxLength: 5 });
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: 60 }), (read, width) => {
        const lines = fittedTable({ columns: COLUMNS, rows: read }, width);
        expect(lines).toHaveLength(read.length + 1);
        for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(width);
      }),
      { seed: 1 },
    );
  });
});

test.each([
  ["abc", 3, "abc"],
  ["abcd", 3, "ab…"],
  ["日本語", 4, "日…"],
  ["abc", 1, "…"],
  ["abc", 0, ""],
])("cut(%j) keeps within %i cells", (text, width, wanted) => {
  expect(cut(text, width)).toBe(wanted);
});
