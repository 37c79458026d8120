import { expect, test } from "vitest";
import { LineTime, threeDigits } from "../../../proxy/access-log/line-time.ts";

test("LineTime tells the time to the millisecond, across seconds and back", () => {
  const times = new LineTime();
  const at = Date.parse("2026-11-29T23:59:59.007Z");
  expect([at, at + 993, at].map((ms) => times.iso(ms))).toEqual([
    "2026-11-29T23:59:59.007Z",
    "2026-11-30T00:00:00.000Z",
    "2026-11-29T23:59:59.007Z",
  ]);
  expect(times.ncsa(at)).toBe("29/Nov/2026:23:59:59 +0000");
  expect(times.iso(at + 0.9)).toBe("2026-11-29T23:59:59.007Z");
});

test("threeDigits() writes noughts where there is less", () => {
  expect([0, 7, 42, 999].map(threeDigits)).toEqual(["000", "007", "042", "999"]);
});
