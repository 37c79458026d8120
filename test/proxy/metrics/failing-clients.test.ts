import { expect, test } from "vitest";
import { FailingClients } from "../../../proxy/metrics/failing-clients.ts";

test("FailingClients counts a client with a key once a second", () => {
  const failing = new FailingClients();
  const fail = (second: number, key: number): boolean => failing.failed(second, {}, key);
  expect([fail(1, 7), fail(1, 7), fail(1, 8), fail(1, 7)]).toEqual([true, false, true, false]);
  expect([fail(2, 7), fail(2, 7)]).toEqual([true, false]);
});

test("FailingClients counts failures in a row on one connection once a second", () => {
  const failing = new FailingClients();
  const [one, other] = [{}, {}];
  const fail = (second: number, connection: object): boolean =>
    failing.failed(second, connection, undefined);
  expect([fail(1, one), fail(1, one), fail(1, other), fail(2, one)]).toEqual([
    true,
    false,
    true,
    true,
  ]);
  failing.succeeded(one);
  expect([fail(2, one), fail(2, one)]).toEqual([true, false]);
});

test("FailingClients says when nobody fails", () => {
  const failing = new FailingClients();
  expect(failing.isEmpty).toBe(true);
  const connection = {};
  failing.failed(1, connection, undefined);
  expect(failing.isEmpty).toBe(false);
  failing.succeeded(connection);
  expect(failing.isEmpty).toBe(true);
});

test("FailingClients counts one by one what it has no room to remember", () => {
  const failing = new FailingClients();
  for (let key = 0; key < 1_024; key += 1) failing.failed(1, {}, key);
  expect([failing.failed(1, {}, 5_000), failing.failed(1, {}, 5_000)]).toEqual([true, true]);
  expect(failing.failed(1, {}, 3)).toBe(false);
});
