import { expect, test } from "vitest";
import { PeakLatency } from "../../../proxy/upstream/peak-latency.ts";

test("PeakLatency.at() is 0 before the first answer, and when that is long ago", () => {
  const latency = new PeakLatency();
  expect(latency.at(1_000)).toBe(0);
  latency.answered(5, 1_000);
  expect([latency.at(1_000), latency.at(30_999) > 0, latency.at(31_000)]).toEqual([5, true, 0]);
});

test("PeakLatency.at() falls to 1/e in ten seconds", () => {
  const latency = new PeakLatency();
  latency.answered(100, 0);
  expect(latency.at(10_000)).toBeCloseTo(100 / Math.E, 5);
});

test("PeakLatency.answered() jumps to a peak at once and comes down slowly", () => {
  const latency = new PeakLatency();
  latency.answered(10, 0);
  latency.answered(200, 0);
  expect(latency.at(0)).toBe(200);
  latency.answered(10, 0);
  expect(latency.at(0)).toBe(200);
  latency.answered(10, 10_000);
  expect(latency.at(10_000)).toBeCloseTo(10 + 190 / Math.E, 5);
});

test("PeakLatency.answered() knows an answer that took no time", () => {
  const latency = new PeakLatency();
  latency.answered(0, 0);
  expect(latency.at(0)).toBeGreaterThan(0);
});

test("PeakLatency.failed() only makes it slower, and an unknown one slow", () => {
  const latency = new PeakLatency();
  const unknown = new PeakLatency();
  unknown.failed(50, 0);
  expect(unknown.at(0)).toBe(1_000);
  latency.answered(10, 0);
  latency.failed(1, 0);
  expect(latency.at(0)).toBe(10);
  latency.failed(1_000, 0);
  expect(latency.at(0)).toBe(1_000);
});

/** Failing at once whenever nothing is known of it: when that is, in the first minute. */
function triedAt(latency: PeakLatency): readonly number[] {
  const tries: number[] = [];
  for (let nowMs = 0; nowMs < 60_000; nowMs += 500) {
    if (latency.at(nowMs) > 0) continue;
    tries.push(nowMs);
    latency.failed(1, nowMs);
  }
  return tries;
}

test("PeakLatency.failed() of one that never answered counts for longer each time", () => {
  expect(triedAt(new PeakLatency())).toEqual([0, 1_000, 3_000, 7_000, 15_000, 31_000]);
});

test("PeakLatency.answered() ends what failures before it had made of it", () => {
  const latency = new PeakLatency();
  triedAt(latency);
  latency.answered(5, 60_000);
  expect(latency.at(60_000)).toBe(5);
  expect([latency.at(89_000) > 0, latency.at(90_000)]).toEqual([true, 0]);
  expect(triedAt(new PeakLatency())[1]).toBe(1_000);
});

test("PeakLatency.failed() of several at once counts as one failure", () => {
  const latency = new PeakLatency();
  for (let time = 0; time < 5; time += 1) latency.failed(1, time);
  expect([latency.at(999) > 0, latency.at(1_000)]).toEqual([true, 0]);
});
