import { expect, test } from "vitest";
import { Hold } from "../../../proxy/exchange/hold.ts";
import { manualWheel } from "../../support/manual-wheel.ts";

test("Hold tells when it is over, once, and can begin again", () => {
  const { wheel, advance } = manualWheel();
  let over = 0;
  const hold = new Hold(wheel, () => (over += 1));
  expect([hold.begins(0), hold.begins(500)]).toEqual([false, true]);
  advance(400);
  expect(over).toBe(0);
  advance(200);
  expect(over).toBe(1);
  advance(5_000);
  expect(over).toBe(1);
  hold.begins(100);
  advance(300);
  expect(over).toBe(2);
});

test("Hold that is ended tells nobody, and one that never began may be ended", () => {
  const { wheel, advance } = manualWheel();
  let over = 0;
  const hold = new Hold(wheel, () => (over += 1));
  hold.end();
  hold.begins(500);
  hold.end();
  advance(5_000);
  expect(over).toBe(0);
});
