import { describe, expect, test } from "vitest";
import { Failures } from "../../../bench/soak/failures.ts";

describe("Failures.fail()", () => {
  test("an outage explains what it overlaps and what looks like it, and nothing else", () => {
    const failures = new Failures();
    failures.beginOutage(1_000)(2_000);
    failures.fail("get", "status 502", { startMs: 900, endMs: 1_100 }, true);
    failures.fail("get", "just after", { startMs: 3_000, endMs: 3_100 }, true);
    failures.fail("get", "another body", { startMs: 1_200, endMs: 1_300 }, false);
    failures.fail("get", "too early", { startMs: 500, endMs: 999 }, true);
    failures.fail("get", "too late", { startMs: 4_000, endMs: 4_100 }, true);
    expect(failures.explained).toEqual(new Map([["get", 2]]));
    expect(failures.unexplained).toEqual(new Map([["get", 3]]));
    expect(failures.kept).toEqual(["get: another body", "get: too early", "get: too late"]);
  });

  test("an outage that lasts explains until it ends", () => {
    const failures = new Failures();
    const end = failures.beginOutage(1_000);
    failures.fail("get", "down", { startMs: 90_000, endMs: 90_001 }, true);
    end(95_000);
    failures.fail("get", "up again", { startMs: 97_000, endMs: 97_001 }, true);
    expect(failures.explained).toEqual(new Map([["get", 1]]));
    expect(failures.kept).toEqual(["get: up again"]);
  });

  test("keeps few texts and counts all", () => {
    const failures = new Failures();
    const span = { startMs: 1, endMs: 2 };
    for (let index = 0; index < 1_000; index += 1) failures.fail("get", "no", span, false);
    expect(failures.unexplained.get("get")).toBe(1_000);
    expect(failures.kept).toHaveLength(20);
  });
});
