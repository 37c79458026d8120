import { describe, expect, test } from "vitest";
import { LatencyTest } from "../../../control/analysis/latency-test.ts";
import { StablePast } from "../../../control/analysis/stable-past.ts";
import { armOf } from "./arms.ts";

const MARGIN = { factor: 1.2, ms: 5, clearFactor: 1.2, clearMs: 5 };
const P95 = { ...MARGIN, quantile: 0.95, part: 0.2 };
const COLD_FACTOR = 4;

/** Stable's past: 90 % of the requests take 10 ms, the rest 50 ms. */
function past(requests: number): StablePast {
  const made = new StablePast();
  made.add(armOf(requests * 0.9, 0, 10).latencies);
  made.add(armOf(requests * 0.1, 0, 50).latencies);
  return made;
}

function aimed(at = past(1_000)): LatencyTest {
  const latency = new LatencyTest(P95, COLD_FACTOR);
  latency.aim(at);
  return latency;
}

/** After so many seconds in which all of the canary's requests took this long. */
function after(seconds: number, ms: number, cold = false): LatencyTest {
  const latency = aimed();
  for (let second = 0; second < seconds; second += 1) {
    latency.add(armOf(100, 0, ms), armOf(100, 0, 10), 0.5, cold);
  }
  return latency;
}

describe("LatencyTest.aim()", () => {
  test("waits until a quantile has enough requests: 59 for p95", () => {
    const latency = new LatencyTest(P95, COLD_FACTOR);
    latency.aim(past(50));
    expect(latency.aimed).toBe(false);
    latency.add(armOf(100, 0, 900), armOf(100), 0.5, false);
    expect(latency.test.more).toBeCloseTo(1, 12);
    latency.aim(past(80));
    expect(latency.aimed).toBe(true);
  });

  test("asks whether it is no slower where some requests are slow", () => {
    const latency = aimed();
    expect(latency.likeStable).toBe(0);
    expect(latency.expectedShare).toBeCloseTo(0.1, 2);
  });
});

describe("LatencyTest.add()", () => {
  test("finds a canary that is slower by more than the margin, and not one within it", () => {
    expect(after(10, 200).test.more).toBeGreaterThan(1_000);
    expect(after(10, 50).test.more).toBeLessThan(1 + 1e-9);
  });

  test("shows that a canary is no slower", () => {
    const alike = new StablePast();
    alike.add(armOf(1_000, 0, 10).latencies);
    const latency = aimed(alike);
    for (let second = 0; second < 10; second += 1) {
      latency.add(armOf(100, 0, 10), armOf(100, 0, 10), 0.5, false);
    }
    expect(latency.test.fewer).toBeGreaterThan(1_000);
    expect(latency.test.canary).toEqual({ requests: 1_000, hits: 0 });
  });

  test("shows it by a margin of its own", () => {
    const shownBy = (clearFactor: number): number => {
      const latency = new LatencyTest({ ...P95, clearFactor }, COLD_FACTOR);
      latency.aim(past(1_000));
      for (let second = 0; second < 20; second += 1) {
        const canary = { ...armOf(100, 0, 65) };
        latency.add(canary, armOf(100, 0, 55), 0.5, false);
      }
      return latency.test.fewer;
    };
    expect(shownBy(1.2)).toBeLessThan(1);
    expect(shownBy(1.5)).toBeGreaterThan(1_000);
  });

  test("lets a cold canary be slower by a larger factor, but not by any", () => {
    expect(after(10, 150, true).test.more).toBeLessThan(1 + 1e-9);
    expect(after(10, 1_000, true).test.more).toBeGreaterThan(1_000);
  });

  test("follows what load does to both", () => {
    const latency = aimed();
    for (let second = 0; second < 60; second += 1) {
      latency.add(armOf(100, 0, 200), armOf(100, 0, 200), 0.5, false);
    }
    expect(latency.test.more).toBeLessThan(20);
  });
});

test("LatencyTest.name says which quantile it is", () => {
  expect(aimed().name).toBe("p95");
  expect(new LatencyTest({ ...P95, quantile: 0.999 }, COLD_FACTOR).name).toBe("p99.9");
});
