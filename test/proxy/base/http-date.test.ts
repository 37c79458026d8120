import { expect, test } from "vitest";
import type { Clock } from "../../../proxy/base/clock.ts";
import { HttpDate } from "../../../proxy/base/http-date.ts";

/** The example of RFC 9110 section 5.6.7. */
const EXAMPLE_MS = Date.UTC(1994, 10, 6, 8, 49, 37);

function clockAt(wallMs: () => number): Clock {
  return { nowMs: () => 0, wallMs, sleep: () => new Promise(() => undefined) };
}

test("HttpDate.at() writes an IMF-fixdate", () => {
  const date = new HttpDate(clockAt(() => EXAMPLE_MS));
  expect(date.at(0)).toBe("Sun, 06 Nov 1994 08:49:37 GMT");
});

test("HttpDate.at() is late by less than 1.5 s, and asks the clock at most twice a second", () => {
  let asked = 0;
  let nowMs = 0;
  const date = new HttpDate(
    clockAt(() => {
      asked += 1;
      return EXAMPLE_MS + nowMs;
    }),
  );
  for (nowMs = 0; nowMs < 10_000; nowMs += 10) {
    const lateMs = EXAMPLE_MS + nowMs - Date.parse(date.at(nowMs));
    expect(lateMs).toBeGreaterThanOrEqual(0);
    expect(lateMs).toBeLessThan(1_500);
  }
  expect(asked).toBe(20);
});
