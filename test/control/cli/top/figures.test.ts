import { expect, test } from "vitest";
import { durationText, portionText, rateText } from "../../../../control/cli/top/figures.ts";

test.each([
  [undefined, "-"],
  [0, "0"],
  [0.04, "0.0"],
  [9.94, "9.9"],
  [9.96, "10"],
  [999, "999"],
  [9_999, "10.0k"],
  [123_456, "123k"],
])("rateText(%j) is %s", (rate, wanted) => {
  expect(rateText(rate)).toBe(wanted);
});

test.each([
  [undefined, "-"],
  [0, "0 %"],
  [0.00001, "<0.01 %"],
  [0.0012, "0.12 %"],
  [0.05, "5 %"],
  [0.123, "12 %"],
  [1, "100 %"],
])("portionText(%j) is %s", (part, wanted) => {
  expect(portionText(part)).toBe(wanted);
});

test.each([
  [undefined, "-"],
  [0.4, "0.4 ms"],
  [16.4, "16 ms"],
  [999.6, "1.0 s"],
  [65_000, "65.0 s"],
])("durationText(%j) is %s", (durationMs, wanted) => {
  expect(durationText(durationMs)).toBe(wanted);
});
