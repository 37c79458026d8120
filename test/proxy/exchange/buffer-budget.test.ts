import { expect, test } from "vitest";
import { BufferBudget } from "../../../proxy/exchange/buffer-budget.ts";

test("BufferBudget has room until all of it is in use, and again when some is given back", () => {
  const budget = new BufferBudget(10);
  budget.use(9);
  expect(budget.hasRoom).toBe(true);
  budget.use(3);
  expect([budget.hasRoom, budget.used]).toEqual([false, 12]);
  budget.give(3);
  expect(budget.hasRoom).toBe(true);
});
