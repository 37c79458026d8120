import { expect, test } from "vitest";
import { CanaryShare } from "../../../control/analysis/canary-share.ts";

test("CanaryShare.of() is the weight where nothing was sent, or is to be shared", () => {
  const share = new CanaryShare();
  expect(share.of(0.1, 0, 0)).toBeCloseTo(0.1, 12);
  expect([share.of(0, 5, 10), share.of(1, 5, 10)]).toEqual([0, 1]);
});

test("CanaryShare.of() follows what a large second sent, and hardly a small one", () => {
  const share = new CanaryShare();
  expect(share.of(0.5, 3_000, 10_000)).toBeCloseTo(0.3, 2);
  expect(share.of(0.5, 1, 2)).toBeCloseTo(0.5, 12);
  expect(share.of(0.5, 2, 2)).toBeGreaterThan(0.5);
  expect(share.of(0.5, 2, 2)).toBeLessThan(0.6);
});

test("CanaryShare.of() is 0 or 1 when one version had none that should have had some", () => {
  const share = new CanaryShare();
  expect([share.of(0.1, 0, 29), share.of(0.1, 0, 30)]).toEqual([expect.closeTo(0.08, 2), 0]);
  expect([share.of(0.9, 29, 29), share.of(0.9, 31, 31)]).toEqual([expect.closeTo(0.92, 2), 1]);
});

test("CanaryShare remembers the step, whose users may be sticky, until the next weight", () => {
  const share = new CanaryShare();
  for (let second = 0; second < 100; second += 1) share.add(30, 100);
  expect(share.of(0.1, 1, 4)).toBeCloseTo(0.3, 1);
  share.restart();
  expect(share.of(0.1, 0, 0)).toBeCloseTo(0.1, 12);
});
