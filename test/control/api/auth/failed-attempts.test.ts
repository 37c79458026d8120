import { expect, test } from "vitest";
import { FailedAttempts } from "../../../../control/api/auth/failed-attempts.ts";

/** Adds wrong credentials from an address; the last answer. */
function add(attempts: FailedAttempts, address: string, times: number, nowMs = 0): unknown {
  let left: unknown;
  for (let count = 0; count < times; count += 1) left = attempts.add(address, nowMs);
  return left;
}

test("FailedAttempts lets ten pass, and says how long to wait after more", () => {
  const attempts = new FailedAttempts();
  expect(add(attempts, "10.0.0.1", 10, 1_000)).toBeUndefined();
  expect(add(attempts, "10.0.0.1", 1, 21_000)).toBe(40_000);
  expect(add(attempts, "10.0.0.2", 1, 21_000)).toBeUndefined();
  expect(add(attempts, "10.0.0.1", 10, 61_000)).toBeUndefined();
});

test.each([
  ["2001:db8:1:2::1", "2001:db8:1:2:3:4:5:6", "one network"],
  ["::ffff:10.0.0.1", "10.0.0.1", "one address"],
])("FailedAttempts counts %s and %s as %s", (one, other) => {
  const attempts = new FailedAttempts();
  add(attempts, one, 10);
  expect(add(attempts, other, 1)).toBe(60_000);
});

test.each([
  ["2001:db8:1:2::1", "2001:db8:1:3::1"],
  ["::ffff:10.0.0.1", "::ffff:10.0.0.2"],
  ["::1", "2001::1"],
])("FailedAttempts tells %s from %s", (one, other) => {
  const attempts = new FailedAttempts();
  add(attempts, one, 11);
  expect(add(attempts, other, 10)).toBeUndefined();
});

test("FailedAttempts forgets the oldest of too many addresses, and keeps the others", () => {
  const attempts = new FailedAttempts();
  add(attempts, "first", 11);
  add(attempts, "second", 11);
  for (let peer = 0; peer < 4_095; peer += 1) attempts.add(`peer-${peer}`, 0);
  expect(add(attempts, "second", 1)).toBe(60_000);
  expect(add(attempts, "first", 10)).toBeUndefined();
});
