import { expect, test } from "vitest";
import { fromGoDuration, longestDuration } from "../../../control/registry/go-duration.ts";
import { ImportFindings } from "../../../control/registry/import-findings.ts";

test.each([
  ["5s", "5s"],
  ["1m30s", "90s"],
  ["1h0m0s", "1h"],
  ["1.5s", "1500ms"],
  ["250ms", "250ms"],
  ["10us", "1ms"],
  [15_000_000_000, "15s"],
  ["0s", undefined],
  ["", undefined],
  [null, undefined],
  [undefined, undefined],
])("fromGoDuration() of %j is %s", (given, read) => {
  const findings = new ImportFindings();
  expect(fromGoDuration("it", given, findings)).toBe(read);
  expect(findings.refusals).toEqual([]);
});

test.each(["5", "soon", "-1s", -1, "5s later"])("fromGoDuration() refuses %j", (given) => {
  const findings = new ImportFindings();
  expect(fromGoDuration("it", given, findings)).toBeUndefined();
  expect(findings.refusals).toEqual([
    `it: wanted a duration such as 5s, found ${JSON.stringify(given)}`,
  ]);
});

test("longestDuration() takes the longest, and notes whose it is where others differ", () => {
  const findings = new ImportFindings();
  const own = { from: "web", value: "5s" };
  expect(longestDuration("it", [own, { from: "other", value: "1m" }], findings)).toBe("1m");
  expect(findings.notes).toEqual(["it: all versions get that of other, 1m"]);
  const alike = new ImportFindings();
  expect(longestDuration("it", [own, { from: "other", value: "5000ms" }], alike)).toBe("5s");
  expect(longestDuration("it", [{ from: "other", value: "" }], alike)).toBeUndefined();
  expect(alike.notes).toEqual([]);
});
