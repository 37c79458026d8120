import { expect, test } from "vitest";
import { problemTexts } from "../../../../control/cli/top/look.ts";

test("problemTexts() begins with why it is not ready, and says how much it left out", () => {
  const problems = [{ code: "x", text: "shop: nothing serves it" }] as never;
  expect(problemTexts({ ready: false, reasons: ["draining"], problems, moreProblems: 2 })).toEqual([
    "draining",
    "shop: nothing serves it",
    "and 2 more",
  ]);
  expect(problemTexts({ ready: true, reasons: [] })).toEqual([]);
});
