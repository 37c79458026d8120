import { expect, test } from "vitest";
import { readExpiry } from "../../../control/cli/expiry.ts";

const NOW_MS = Date.UTC(2026, 10, 29, 12, 30, 15, 700);

test.each([
  ["90d", "2027-02-27T12:30:15Z"],
  ["1h", "2026-11-29T13:30:15Z"],
  ["2026-11-30", "2026-11-30T00:00:00Z"],
  ["2027-01-01T06:00:00Z", "2027-01-01T06:00:00Z"],
  ["3650d", "2036-11-26T12:30:15Z"],
])("readExpiry() reads %s as %s", (text, wanted) => {
  expect(readExpiry(text, NOW_MS)).toBe(wanted);
});

test.each([
  "",
  "soon",
  "0d",
  "-1d",
  "90",
  "90m",
  "3651d",
  "2026-11-29",
  "2037-01-01",
  "2027-13-01",
  "2027-02-30",
  "2027-01-01T06:00:00",
  "1 January 2027",
])("readExpiry() refuses %j", (text) => {
  expect(() => readExpiry(text, NOW_MS)).toThrow(
    expect.objectContaining({
      exitCode: 2,
      message: expect.stringMatching(/^Cannot read --expires: wanted .*, such as 90d, .* found "/),
    }),
  );
});
