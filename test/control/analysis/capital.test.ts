import { expect, test } from "vitest";
import { Capital } from "../../../control/analysis/capital.ts";

const OPEN = { keep: 0, cap: Infinity };

test("Capital begins with 1, half of it bet evenly", () => {
  const capital = new Capital(2, OPEN);
  expect(capital.value).toBe(1);
  capital.settle(0, Math.log(5));
  expect(capital.value).toBeCloseTo(0.5 + 0.25 * 5 + 0.25, 12);
});

test("Capital.start() bets parts of the reserve that never exceed it", () => {
  const capital = new Capital(1, OPEN);
  for (let start = 0; start < 10_000; start += 1) capital.start();
  expect(capital.value).toBeCloseTo(1, 12);
  capital.settle(0, -Infinity);
  expect(capital.value).toBeGreaterThan(0);
  expect(capital.value).toBeLessThan(0.001);
});

test("Capital.settle() keeps a second within its bounds", () => {
  const capital = new Capital(1, { keep: 0.1, cap: 20 });
  capital.settle(0, -Infinity);
  expect(capital.value).toBeCloseTo(0.5 + 0.5 * 0.1, 12);
  capital.settle(0, 1_000);
  expect(capital.value).toBeCloseTo(0.5 + 0.05 * (0.1 + 0.9 * 20), 12);
});

test("Capital.clone() goes its own way", () => {
  const capital = new Capital(1, OPEN);
  const copy = capital.clone();
  copy.settle(0, 1);
  copy.start();
  expect([capital.value, copy.value > 1]).toEqual([1, true]);
});

test("Capital stays a number, however much a second says", () => {
  const capital = new Capital(1, OPEN);
  for (let second = 0; second < 400; second += 1) capital.settle(0, -1e6);
  for (let second = 0; second < 9; second += 1) capital.settle(0, 1e6);
  expect(Number.isFinite(capital.value)).toBe(true);
  expect(Capital.from(capital.state, OPEN).value).toBe(capital.value);
});
