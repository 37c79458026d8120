import { describe, expect, test } from "vitest";
import { RestHabits } from "../../../proxy/upstream/rest-habits.ts";

function proven(): RestHabits {
  const habits = new RestHabits();
  for (let rests = 0; rests < 4; rests += 1) habits.wasQuiet();
  return habits;
}

describe("RestHabits", () => {
  test("ask for a rest until four in a row were quiet for long enough", () => {
    const habits = new RestHabits();
    for (let rests = 0; rests < 3; rests += 1) habits.wasQuiet();
    expect(habits.restMinMs).toBe(20);
    habits.wasQuiet();
    expect(habits.restMinMs).toBe(0);
  });

  test("ask for it again after an end right behind an answer, not after a late one", () => {
    const habits = proven();
    habits.wasClosed(2_000, 0);
    expect(habits.restMinMs).toBe(0);
    habits.wasClosed(3, 0);
    expect(habits.restMinMs).toBe(20);
  });

  test("learn from an early end how long a connection may rest, and slowly unlearn it", () => {
    const habits = new RestHabits();
    expect(habits.idleMaxMs(0)).toBe(Infinity);
    habits.wasClosed(2_000, 0);
    expect([habits.idleMaxMs(0), habits.idleMaxMs(600_000)]).toEqual([1_500, 3_000]);
    habits.wasClosed(2_000, 600_000);
    expect(habits.idleMaxMs(600_000)).toBe(1_500);
  });

  test("learn nothing from a later end, nor from one right behind an answer", () => {
    const habits = new RestHabits();
    habits.wasClosed(19, 0);
    expect(habits.idleMaxMs(0)).toBe(Infinity);
    habits.wasClosed(2_000, 0);
    habits.wasClosed(3_000, 0);
    expect(habits.idleMaxMs(0)).toBe(1_500);
  });

  test("never take less than 250 ms for the longest rest", () => {
    const habits = new RestHabits();
    habits.wasClosed(50, 0);
    expect(habits.idleMaxMs(0)).toBe(250);
  });

  test("are suspect for a minute after bytes that answer nothing, and must be proven again", () => {
    const habits = proven();
    expect(habits.isSuspect(0)).toBe(false);
    habits.spoke(1_000);
    expect([habits.isSuspect(1_000), habits.isSuspect(60_999)]).toEqual([true, true]);
    expect([habits.isSuspect(61_000), habits.restMinMs]).toEqual([false, 20]);
  });
});
