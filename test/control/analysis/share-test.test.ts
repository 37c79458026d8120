import { expect, test } from "vitest";
import { logShareFactor, ShareTest, assumedShares } from "../../../control/analysis/share-test.ts";
import { meanOverCounts } from "./expectation.ts";

test("logShareFactor() is 1 or less on average when both shares are the same", () => {
  for (const [n1, n0] of [
    [1, 30],
    [5, 20],
    [10, 10],
    [20, 3],
  ] as const) {
    for (const share of [0.01, 0.05, 0.5, 0.9]) {
      for (const oddsRatio of [0.2, 0.8, 1.25, 8]) {
        const assumed = assumedShares(0.05, oddsRatio, n1 / (n1 + n0));
        const mean = meanOverCounts({ n: n1, p: share }, { n: n0, p: share }, (k1, k0) =>
          Math.exp(logShareFactor({ requests: n1, hits: k1 }, { requests: n0, hits: k0 }, assumed)),
        );
        expect(mean).toBeLessThanOrEqual(1 + 1e-9);
      }
    }
  }
});

function added(hits: number, share = 0.5): ShareTest {
  const shares = new ShareTest();
  const stable = { requests: 100, hits: 5 };
  for (let second = 0; second < 30; second += 1) {
    const now = { canary: { requests: 100, hits }, stable, share, expected: 0.05 };
    shares.addForMore(now);
    shares.addForFewer(now);
  }
  return shares;
}

test("ShareTest tells more from fewer", () => {
  const [more, fewer] = [added(20), added(0)];
  expect([more.more > 1_000, more.fewer < 1]).toEqual([true, true]);
  expect([fewer.more < 1, fewer.fewer > 1_000]).toEqual([true, true]);
  expect(more.canary).toEqual({ requests: 3_000, hits: 600 });
});

test("ShareTest bets nothing where only one version may have requests", () => {
  const shares = added(100, 1);
  expect(shares.more).toBeCloseTo(1, 12);
  expect([shares.fewer, shares.canary.requests]).toEqual([1, 0]);
});

test("ShareTest.clone() goes its own way", () => {
  const shares = added(5);
  const before = shares.more;
  const now = { requests: 100, hits: 90 };
  shares.clone().addForMore({ canary: now, stable: now, share: 0.5, expected: 0.05 });
  expect(shares.more).toBe(before);
});
