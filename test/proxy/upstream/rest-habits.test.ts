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
    habits.wasClosed(2_000);
    expect(habits.restMinMs).toBe(0);
    habits.wasClosed(3);
    expect(habits.restMinMs).toBe(20);
  });

  test("are suspect for a minute after bytes that answer nothing, and must be proven again", () => {
    const habits = proven();
    expect(habits.isSuspect(0)).toBe(false);
    habits.spoke(1_000);
    expect([habits.isSuspect(1_000), habits.isSuspect(60_999)]).toEqual([true, true]);
    expect([habits.isSuspect(61_000), habits.restMinMs]).toEqual([false, 20]);
  });
});
