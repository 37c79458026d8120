import { expect, test } from "vitest";
import { pointsText, shareText, briefText } from "../../../control/analysis/rate-text.ts";

test("Rates have the three digits that count, in percent", () => {
  expect([briefText(2.4567), briefText(1_234), briefText(0)]).toEqual(["2.46", "1230", "0"]);
  expect([shareText(0.025), shareText(1), shareText(0.000_123_4)]).toEqual([
    "2.5 %",
    "100 %",
    "0.0123 %",
  ]);
  expect([pointsText(0.005), pointsText(-0.02)]).toEqual(["0.5 points", "-2 points"]);
});
