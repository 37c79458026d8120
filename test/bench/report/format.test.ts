import { describe, expect, test } from "vitest";
import { markdownTable, numberText, spreadText } from "../../../bench/report/format.ts";

describe("numberText", () => {
  test.each([
    [0, "0"],
    [0.4567, "0.46"],
    [9.994, "9.99"],
    [12.34, "12.3"],
    [123.4, "123"],
    [5, "5"],
    [1234, "1 234"],
    [1234567, "1 234 567"],
  ])("%d is %s", (value, text) => {
    expect(numberText(value)).toBe(text);
  });
});

describe("spreadText", () => {
  test("shows the range, and not where there is none", () => {
    expect(spreadText({ median: 12.34, min: 11.9, max: 14 })).toBe("12.3 (11.9–14)");
    expect(spreadText({ median: 2048, min: 2048, max: 2048 }, 1024)).toBe("2");
    expect(spreadText(undefined)).toBe("–");
  });
});

test("markdownTable() has a head, a rule and rows", () => {
  expect(markdownTable(["a", "b"], [["1", "2"]])).toBe("| a | b |\n|---|---:|\n| 1 | 2 |");
});
