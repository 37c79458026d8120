import { describe, expect, test } from "vitest";
import { ConnectionRest } from "../../../proxy/upstream/connection-rest.ts";
import { RestHabits } from "../../../proxy/upstream/rest-habits.ts";

const DEFAULTS = { idleMs: undefined, requests: 0, ageMs: 0, off: false };

describe("ConnectionRest.allowedMs()", () => {
  test.each([
    // Configured, said by the endpoint, allowed.
    [undefined, undefined, 4_000],
    [undefined, 29_000, 29_000],
    [undefined, 0, 0],
    [undefined, 86_399_000, 60_000],
    [2_000, undefined, 2_000],
    [2_000, 29_000, 2_000],
    [90_000, 74_000, 74_000],
    [90_000, undefined, 90_000],
    [90_000, 86_399_000, 90_000],
  ])("is, with idle %s, for an endpoint that allows %s, %i", (idleMs, toldMs, wantedMs) => {
    const rest = new ConnectionRest(new RestHabits(), 0);
    expect(rest.allowedMs({ ...DEFAULTS, idleMs }, toldMs, 1_000)).toBe(wantedMs);
  });

  test("is 0 with off, and after the last of the requests", () => {
    const rest = new ConnectionRest(new RestHabits(), 0);
    const keepAlive = { ...DEFAULTS, requests: 3 };
    const allowed = [1, 2, 3, 4].map(() => rest.allowedMs(keepAlive, undefined, 0));
    expect(allowed).toEqual([4_000, 4_000, 0, 0]);
    const other = new ConnectionRest(new RestHabits(), 0);
    expect(other.allowedMs({ ...DEFAULTS, off: true }, undefined, 0)).toBe(0);
  });

  test("ends where the connection reaches its age", () => {
    const rest = new ConnectionRest(new RestHabits(), 5_000);
    const keepAlive = { ...DEFAULTS, ageMs: 10_000 };
    const allowed = [5_000, 12_000, 15_000, 20_000].map((nowMs) =>
      rest.allowedMs(keepAlive, undefined, nowMs),
    );
    expect(allowed).toEqual([4_000, 3_000, 0, 0]);
  });

  test("follows what was learnt of the endpoint, whatever it and the configuration say", () => {
    const habits = new RestHabits();
    habits.wasClosed(2_000, 0);
    const rest = new ConnectionRest(habits, 0);
    expect(rest.allowedMs({ ...DEFAULTS, idleMs: 30_000 }, 20_000, 0)).toBe(1_500);
  });

  test("is 0 for an endpoint that has sent what nobody asked for", () => {
    const habits = new RestHabits();
    habits.spoke(0);
    expect(new ConnectionRest(habits, 0).allowedMs(DEFAULTS, undefined, 1_000)).toBe(0);
  });
});

describe("ConnectionRest.isRecent()", () => {
  test.each([
    // Learnt from a rest of; how long it is recent.
    [undefined, 1_000],
    [2_000, 1_000],
    [400, 300],
  ])("with an end after %s ms of rest, holds for %i ms", (closedMs, recentMs) => {
    const habits = new RestHabits();
    if (closedMs !== undefined) habits.wasClosed(closedMs, 0);
    const rest = new ConnectionRest(habits, 0);
    rest.allowedMs(DEFAULTS, undefined, 0);
    rest.begin(100);
    expect([rest.isRecent(100 + recentMs), rest.isRecent(101 + recentMs)]).toEqual([true, false]);
  });
});
