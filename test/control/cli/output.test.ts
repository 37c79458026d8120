import { expect, test } from "vitest";
import { CliError, usageError } from "../../../control/cli/cli-error.ts";
import { percentText, reportFailure, tableText } from "../../../control/cli/output.ts";

/** What reportFailure() writes, and gives. */
function reported(
  error: unknown,
  json = false,
): { readonly status: number; readonly lines: string[] } {
  const lines: string[] = [];
  const output = {
    out: () => {
      throw new Error("An error is no result");
    },
    error: (line: string) => void lines.push(line),
  };
  return { status: reportFailure(error, json, output), lines };
}

test("tableText() puts cells under their heads, without lines, colours or blanks at the end", () => {
  const text = tableText(
    ["NAME", "N", ""],
    [
      ["web", 7, ""],
      ["a longer name", 1_000, "x"],
    ],
  );
  expect(text).toBe("NAME           N\nweb            7\na longer name  1000  x");
});

test("tableText() of no rows is its head", () => {
  expect(tableText(["A", "B"], [])).toBe("A  B");
});

test.each([
  [0, "0 %"],
  [1, "100 %"],
  [0.125, "12.5 %"],
  [2 / 3, "66.7 %"],
  [0.0004, "0 %"],
])("percentText(%d) is %s", (share, text) => {
  expect(percentText(share)).toBe(text);
});

test("reportFailure() writes one line for people and gives the error's exit status", () => {
  expect(reported(usageError("Cannot read it"))).toEqual({
    status: 2,
    lines: ["sluice: Cannot read it"],
  });
});

test("reportFailure() writes one object for programs", () => {
  const problems = [{ path: "a", wanted: "b", found: "c" }];
  const { status, lines } = reported(new CliError("invalid", "Cannot", { problems }), true);
  expect([status, lines.map((line) => JSON.parse(line) as object)]).toEqual([
    1,
    [{ error: { code: "invalid", message: "Cannot", problems } }],
  ]);
});

test("reportFailure() shows where an error came from that nobody meant", () => {
  const { status, lines } = reported(new TypeError("x is undefined"));
  expect([status, lines[0]]).toEqual([
    1,
    expect.stringMatching(/^sluice: TypeError: x is undefined\n +at /),
  ]);
  expect(JSON.parse(reported("thrown text", true).lines[0] ?? "")).toEqual({
    error: { code: "internal", message: "thrown text", problems: [] },
  });
});

test("tableText() keeps a row in one line, whatever is in its cells", () => {
  expect(tableText(["A"], [["x\ny\u001b[2J"]])).toBe("A\nx\\ny\\u001b[2J");
});
