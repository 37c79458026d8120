import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  DURATION_MAX_MS,
  formatDuration,
  parseDurationMs,
  parseSizeBytes,
} from "../../../control/config/units.ts";

describe("parseDurationMs()", () => {
  test.each([
    ["250ms", 250],
    ["5s", 5_000],
    ["10m", 600_000],
    ["1h", 3_600_000],
    ["0s", 0],
    ["0", 0],
    [0, 0],
    ["596h", DURATION_MAX_MS],
  ])("reads %j as %i ms", (text, durationMs) => {
    expect(parseDurationMs(text)).toBe(durationMs);
  });

  test.each([
    5,
    "5",
    "",
    "s",
    "5 s",
    " 5s",
    "5s ",
    "5S",
    "5sec",
    "-5s",
    "+5s",
    "1.5s",
    "1h30m",
    "1e3s",
    "٥s",
    "597h",
    "9999999999999999h",
    "99999999999999999s",
    Number.NaN,
    -0.5,
  ])("refuses %j", (text) => {
    expect(parseDurationMs(text)).toBeUndefined();
  });

  test("has a maximum that setTimeout can wait for", () => {
    expect(DURATION_MAX_MS).toBeLessThan(2 ** 31);
  });
});

test("parseDurationMs() reads back what formatDuration() writes", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: DURATION_MAX_MS }), (durationMs) => {
      expect(parseDurationMs(formatDuration(durationMs))).toBe(durationMs);
    }),
    { seed: 1 },
  );
});

test.each([
  [0, "0s"],
  [1, "1ms"],
  [1_500, "1500ms"],
  [90_000, "90s"],
  [3_600_000, "1h"],
])("formatDuration() writes %i as %s", (durationMs, text) => {
  expect(formatDuration(durationMs)).toBe(text);
});

describe("parseSizeBytes()", () => {
  test.each([
    ["512B", 512],
    ["64KiB", 65_536],
    ["8MiB", 8_388_608],
    ["1GiB", 1_073_741_824],
    [0, 0],
  ])("reads %j as %i bytes", (text, bytes) => {
    expect(parseSizeBytes(text)).toBe(bytes);
  });

  test.each([64, "64", "64KB", "64kib", "64K", "1.5MiB", "-1B", "9999999999999999GiB"])(
    "refuses %j",
    (text) => {
      expect(parseSizeBytes(text)).toBeUndefined();
    },
  );
});
