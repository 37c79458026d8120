import { expect, test } from "vitest";
import { putIso, putNcsa } from "../../../proxy/access-log/line-time.ts";
import { bytesOf } from "./line-fixture.ts";

test("the time is told to the millisecond, across seconds and back", () => {
  const at = Date.parse("2026-11-29T23:59:59.007Z");
  const times = [at, at + 993, at].map((ms) => bytesOf((bytes) => putIso(ms, bytes)));
  expect(times).toEqual([
    "2026-11-29T23:59:59.007Z",
    "2026-11-30T00:00:00.000Z",
    "2026-11-29T23:59:59.007Z",
  ]);
  expect(bytesOf((bytes) => putNcsa(at, bytes))).toBe("29/Nov/2026:23:59:59 +0000");
});
