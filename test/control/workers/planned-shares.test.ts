import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  SHARED_AT_ONCE_MAX,
  UNEQUAL_PERCENT_MAX,
  plannedShares,
} from "../../../control/workers/planned-shares.ts";
import type { OpenConnections } from "../../../control/workers/planned-shares.ts";

function workers(...open: readonly number[]): OpenConnections[] {
  return open.map((count, index) => ({ pid: index + 1, open: count }));
}

/** What they have after everything has moved. */
function after(before: readonly OpenConnections[]): OpenConnections[] {
  const shares = plannedShares(before);
  return before.map(({ pid, open }) => {
    const given = shares.filter(({ from }) => from === pid).map(({ count }) => -count);
    const got = shares.filter(({ to }) => to === pid).map(({ count }) => count);
    return { pid, open: [...given, ...got].reduce((sum, count) => sum + count, open) };
  });
}

describe("plannedShares()", () => {
  test.each([
    [[], []],
    [[7], []],
    [[0, 0], []],
    [[1, 0], []],
    [[2, 0], [{ from: 1, to: 2, count: 1 }]],
    [[30, 34], [{ from: 2, to: 1, count: 2 }]],
    [[100, 105], []],
    [[0, 1_000], [{ from: 2, to: 1, count: SHARED_AT_ONCE_MAX }]],
    [[10, 0, 10], [{ from: 1, to: 2, count: 5 }]],
  ])("of %j is %j", (open, shares) => {
    expect(plannedShares(workers(...open))).toEqual(shares);
  });

  test("makes any workers equal in the end, and never moves a connection back and forth", () => {
    const counts = fc.array(fc.nat(2_000), { minLength: 2, maxLength: 16 });
    fc.assert(
      fc.property(counts, (open) => {
        const part = open.reduce((sum, each) => sum + each, 0) / open.length;
        let now = workers(...open);
        for (let round = 0; round < 1_000 && plannedShares(now).length > 0; round += 1) {
          now = after(now);
        }
        const tolerated = Math.max(1, (part * UNEQUAL_PERCENT_MAX) / 100);
        for (const each of now) expect(Math.abs(each.open - part)).toBeLessThanOrEqual(tolerated);
      }),
    );
  });
});
