import { expect, test } from "vitest";
import { FlapGuard } from "../../../control/registry/flap-guard.ts";

test("FlapGuard.isHealthy() believes the first word at once", () => {
  expect([new FlapGuard(true, 0).isHealthy(0), new FlapGuard(false, 0).isHealthy(0)]).toEqual([
    true,
    false,
  ]);
});

test("FlapGuard.isHealthy() changes down after 3 s and up after 2 s", () => {
  const guard = new FlapGuard(true, 0);
  guard.tell(false, 1_000);
  expect([guard.isHealthy(3_999), guard.isHealthy(4_000)]).toEqual([true, false]);
  guard.tell(true, 5_000);
  expect([guard.isHealthy(6_999), guard.isHealthy(7_000)]).toEqual([false, true]);
});

test("FlapGuard.isHealthy() does not notice a dip shorter than the hold", () => {
  const guard = new FlapGuard(true, 0);
  guard.tell(false, 1_000);
  guard.tell(true, 3_500);
  expect([guard.isHealthy(3_500), guard.isHealthy(60_000)]).toEqual([true, true]);
});

test("FlapGuard changes at most twice for an endpoint that flaps each second for a minute", () => {
  const guard = new FlapGuard(true, 0);
  const seen: boolean[] = [true];
  for (let second = 1; second <= 180; second += 1) {
    if (second <= 60) guard.tell(second % 2 === 0, second * 1_000);
    const healthy = guard.isHealthy(second * 1_000);
    if (healthy !== seen.at(-1)) seen.push(healthy);
  }
  expect(seen).toEqual([true, false, true]);
});

test("FlapGuard.nextChangeMs() names the moment at which isHealthy() changes by itself", () => {
  const guard = new FlapGuard(true, 0);
  expect(guard.nextChangeMs(0)).toBe(Infinity);
  for (let second = 1; second <= 8; second += 1) guard.tell(second % 2 === 0, second * 1_000);
  expect(guard.isHealthy(10_000)).toBe(false);
  const dueMs = guard.nextChangeMs(10_000);
  expect([guard.isHealthy(dueMs - 10), guard.isHealthy(dueMs)]).toEqual([false, true]);
});
