import { expect, test } from "vitest";
import { RESETS_REMEMBERED } from "../../../proxy/http2/limits.ts";
import { ResetStreams } from "../../../proxy/http2/reset-streams.ts";

test("ResetStreams remembers the last ones, and forgets the oldest", () => {
  const streams = new ResetStreams();
  expect(streams.has(1)).toBe(false);
  for (let at = 0; at < RESETS_REMEMBERED + 2; at += 1) streams.add(2 * at + 1);
  expect([1, 3, 5, 2 * RESETS_REMEMBERED + 3].map((id) => streams.has(id))).toEqual([
    false,
    false,
    true,
    true,
  ]);
});

test("ResetStreams forgets one that is told, and no other", () => {
  const streams = new ResetStreams();
  for (const id of [1, 3]) streams.add(id);
  for (const id of [1, 5]) streams.forget(id);
  expect([1, 3, 5].map((id) => streams.has(id))).toEqual([false, true, false]);
  expect(streams.toState()).toEqual([3]);
});

test("ResetStreams goes on in another process with the same ones, and the same oldest", () => {
  const [one, other] = [new ResetStreams(), new ResetStreams()];
  expect(one.toState()).toEqual([]);
  for (let at = 0; at < RESETS_REMEMBERED + 2; at += 1) one.add(2 * at + 1);
  other.restore(one.toState());
  expect(other.toState()).toEqual(one.toState());
  expect(other.toState()[0]).toBe(5);
  other.add(1);
  expect([1, 5, 7].map((id) => other.has(id))).toEqual([true, false, true]);
});
