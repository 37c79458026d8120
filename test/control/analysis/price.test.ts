import { describe, expect, test } from "vitest";
import {
  failuresToFind,
  natsToFind,
  priceOf,
  requestsToClear,
} from "../../../control/analysis/price.ts";

const RATE = 0.001;
const NATS = natsToFind(0.05, 0.5);

describe("failuresToFind()", () => {
  test("is a handful for a total failure, more for a small defect", () => {
    const total = failuresToFind(0.05, { rate: RATE, excess: 1 }, NATS);
    const small = failuresToFind(0.05, { rate: RATE, excess: 0.005 }, NATS);
    expect([total > 1, total < 5, small > total, small < 30]).toEqual([true, true, true, true]);
  });

  test("is endless where there is no defect", () => {
    expect(failuresToFind(0.05, { rate: RATE, excess: 0 }, NATS)).toBe(Infinity);
  });
});

test("priceOf() adds what fails until a decision shows", () => {
  const assumed = { rate: RATE, excess: 0.5 };
  const found = failuresToFind(0.1, assumed, NATS);
  const price = priceOf(0.1, assumed, { perSecond: 100, reactionS: 2 }, NATS);
  expect(price).toBeCloseTo(found + 0.5 * 0.1 * 100 * 2, 9);
});

test("requestsToClear() is fewer for a larger difference, and sooner for a larger weight", () => {
  const at = (weight: number, excess: number): number =>
    requestsToClear(weight, { rate: RATE, excess }, 0.05);
  expect(at(0.5, 0.005) / 0.5).toBeLessThan(at(0.05, 0.005) / 0.05);
  expect(at(0.1, 0.02)).toBeLessThan(at(0.1, 0.005));
  expect(at(0.1, 0.005)).toBeGreaterThan(500);
});
