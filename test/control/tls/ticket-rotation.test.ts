import { describe, expect, test } from "vitest";
import { ROTATE_EVERY_MS, TicketRotation } from "../../../control/tls/ticket-rotation.ts";

describe("TicketRotation", () => {
  test("begins with one key of 48 bytes that nobody has had before", () => {
    const keys = [new TicketRotation(0), new TicketRotation(0)].map(({ state }) => state.keys);
    expect(keys.map((each) => each.length)).toEqual([1, 1]);
    expect(Buffer.from(keys[0]?.[0] ?? "", "base64")).toHaveLength(48);
    expect(keys[0]).not.toEqual(keys[1]);
  });

  test("makes a new key in time, keeps the one before it, and forgets the rest", () => {
    const rotation = new TicketRotation(0);
    const [first] = rotation.state.keys;
    expect(rotation.rotate(ROTATE_EVERY_MS - 1)).toBe(false);
    expect(rotation.rotate(ROTATE_EVERY_MS)).toBe(true);
    expect(rotation.rotate(ROTATE_EVERY_MS)).toBe(false);
    const [second] = rotation.state.keys;
    expect(rotation.state.keys).toEqual([second, first]);
    expect(rotation.rotate(2 * ROTATE_EVERY_MS)).toBe(true);
    expect(rotation.state.keys).toEqual([expect.any(String), second]);
  });

  test("makes one when the clock is set back, so that none is used for ever", () => {
    const rotation = new TicketRotation(1_000_000);
    expect(rotation.rotate(999_999)).toBe(true);
    expect(rotation.rotate(999_999)).toBe(false);
  });

  test("goes on with the keys of a predecessor, and with their time", () => {
    const before = new TicketRotation(0);
    const rotation = new TicketRotation(ROTATE_EVERY_MS / 2, before.state);
    expect(rotation.state).toEqual(before.state);
    expect(rotation.rotate(ROTATE_EVERY_MS)).toBe(true);
  });
});
