import { describe, expect, test } from "vitest";
import { Events, EVENTS_KEPT_MAX, SUBSCRIBERS_MAX } from "../../../control/records/events.ts";
import type { ToldEvent } from "../../../control/records/events.ts";
import { fixedClock } from "../../support/fixed-clock.ts";

const ids = (events: readonly ToldEvent[]): readonly number[] => events.map(({ id }) => id);

/** Any event. */
const tick = { kind: "store", problem: undefined } as const;

describe("Events", () => {
  test("emit() numbers and stamps events", () => {
    const events = new Events(fixedClock);
    expect(events.emit({ kind: "store", problem: "Consul is away" })).toStrictEqual({
      id: 1,
      time: "2026-01-02T03:04:05.000Z",
      kind: "store",
      problem: "Consul is away",
    });
    expect(events.emit(tick).id).toBe(2);
    expect(events.lastId).toBe(2);
  });

  test("since() gives what came later, oldest first", () => {
    const events = new Events(fixedClock);
    for (let count = 0; count < 3; count += 1) events.emit(tick);
    expect(ids(events.since(0))).toStrictEqual([1, 2, 3]);
    expect(ids(events.since(2))).toStrictEqual([3]);
    expect(ids(events.since(3))).toStrictEqual([]);
    expect(ids(events.since(99))).toStrictEqual([]);
    expect(ids(events.since(-5))).toStrictEqual([1, 2, 3]);
  });

  test("keeps the newest EVENTS_KEPT_MAX, and says what it has forgotten", () => {
    const events = new Events(fixedClock);
    expect(events.forgottenId).toBe(0);
    for (let count = 0; count < EVENTS_KEPT_MAX + 5; count += 1) events.emit(tick);
    expect(events.forgottenId).toBe(5);
    expect(events.since(0)).toHaveLength(EVENTS_KEPT_MAX);
    expect(events.since(0)[0]?.id).toBe(6);
    expect(ids(events.since(EVENTS_KEPT_MAX + 3))).toStrictEqual([
      EVENTS_KEPT_MAX + 4,
      EVENTS_KEPT_MAX + 5,
    ]);
  });

  test("subscribe() gives each event until it is left, and a broken listener harms nobody", () => {
    const events = new Events(fixedClock);
    const seen: number[] = [];
    events.subscribe(() => {
      throw new Error("broken");
    });
    const leave = events.subscribe(({ id }) => seen.push(id));
    events.emit(tick);
    events.emit(tick);
    leave?.();
    events.emit(tick);
    expect(seen).toStrictEqual([1, 2]);
  });

  test("subscribe() refuses one too many, until another leaves", () => {
    const events = new Events(fixedClock);
    const leaves = Array.from({ length: SUBSCRIBERS_MAX }, () => events.subscribe(() => undefined));
    expect(leaves).not.toContain(undefined);
    expect(events.subscribe(() => undefined)).toBeUndefined();
    leaves[0]?.();
    expect(events.subscribe(() => undefined)).toBeTypeOf("function");
  });
});
