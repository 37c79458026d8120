import { describe, expect, test } from "vitest";
import { NOTHING_COUNTED } from "../../../proxy/metrics/second-counters.ts";
import type { ObservedSeconds, VersionSecondCounts } from "../../../proxy/metrics/second-counts.ts";
import { addedSeconds, joinedSeconds } from "../../../proxy/metrics/second-sums.ts";

const ONE: VersionSecondCounts = {
  requests: 3,
  failures: 2,
  failingKeys: 1,
  latencies: [
    [4, 1],
    [9, 2],
  ],
  endpoints: [["a:1", 3, 1]],
  routes: [[3, 1]],
};

describe("addedSeconds()", () => {
  test("adds everything up by bucket, address and place", () => {
    const other: VersionSecondCounts = {
      ...ONE,
      latencies: [
        [2, 1],
        [9, 1],
      ],
      endpoints: [
        ["b:1", 2, 0],
        ["a:1", 1, 0],
      ],
      routes: [
        [1, 0],
        [2, 2],
      ],
    };
    expect(addedSeconds(ONE, other)).toEqual({
      requests: 6,
      failures: 4,
      failingKeys: 2,
      latencies: [
        [2, 1],
        [4, 1],
        [9, 3],
      ],
      endpoints: [
        ["a:1", 4, 1],
        ["b:1", 2, 0],
      ],
      routes: [
        [4, 1],
        [2, 2],
      ],
    });
    expect(addedSeconds(NOTHING_COUNTED, ONE)).toEqual(ONE);
    expect(addedSeconds(NOTHING_COUNTED, NOTHING_COUNTED)).toEqual(NOTHING_COUNTED);
  });

  test("keeps no more than 16 endpoints, beside what had none", () => {
    const many = (from: number): VersionSecondCounts => ({
      ...NOTHING_COUNTED,
      endpoints: [
        ["", 1, 1],
        ...Array.from({ length: 15 }, (_, at) => [`a:${from + at}`, 1, 0] as const),
      ],
    });
    const { endpoints } = addedSeconds(many(0), many(10));
    expect(endpoints).toHaveLength(16);
    expect(endpoints.reduce((sum, [, requests]) => sum + requests, 0)).toBe(32);
    expect(endpoints[0]).toEqual(["", 2, 2]);
    expect(endpoints.at(-1)?.[0]).toBe("*");
  });
});

describe("joinedSeconds()", () => {
  const source = (sinceS: number, untilS: number, seconds: readonly number[]): ObservedSeconds => ({
    sinceS,
    untilS,
    seconds: seconds.map((second) => ({ second, versions: [ONE, NOTHING_COUNTED] })),
  });
  const summary = (joined: ReturnType<typeof joinedSeconds>): readonly (readonly number[])[] =>
    joined.map(({ second, seen, versions }) => [second, seen, versions[0]?.requests ?? -1]);

  test("gives each whole second, also those in which nothing came, and who knows of it", () => {
    const joined = joinedSeconds([source(10, 13, [10, 12]), source(12, 14, [12, 14])], 13, 2);
    expect(summary(joined)).toEqual([
      [10, 1, 3],
      [11, 1, 0],
      [12, 2, 6],
      [13, 2, 0],
    ]);
  });

  test("leaves out seconds that nobody knows of", () => {
    expect(summary(joinedSeconds([source(10, 10, []), source(12, 12, [])], 12, 2))).toEqual([
      [10, 1, 0],
      [12, 1, 0],
    ]);
    expect(joinedSeconds([], 12, 2)).toEqual([]);
  });

  test("joins no more than a minute, whatever somebody says", () => {
    expect(joinedSeconds([source(0, 1e12, [])], 1_000_000, 2)).toHaveLength(60);
  });
});
