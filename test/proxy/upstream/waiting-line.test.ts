import { expect, test } from "vitest";
import { WaitingLine } from "../../../proxy/upstream/waiting-line.ts";
import { RawOrigin } from "../../support/origin.ts";
import { RecordingUser, versionPool } from "./pool-fixture.ts";

function users(count: number): RecordingUser[] {
  const pool = versionPool([]);
  return Array.from({ length: count }, () => new RecordingUser(pool));
}

test("WaitingLine gives users their turn in the order they came, with what they asked for", () => {
  const [a, b] = users(2) as [RecordingUser, RecordingUser];
  const line = new WaitingLine();
  expect([line.isEmpty, line.next()]).toEqual([true, undefined]);
  line.join({ user: a, connectTimeoutMs: 1 }, 2);
  line.join({ user: b, connectTimeoutMs: 2 }, 2);
  expect(line.isEmpty).toBe(false);
  expect(line.next()).toEqual({ user: a, connectTimeoutMs: 1 });
  expect(line.next()).toEqual({ user: b, connectTimeoutMs: 2 });
  expect([line.isEmpty, line.next()]).toEqual([true, undefined]);
});

test("WaitingLine.join() refuses a user while it is full, and takes it when one has left", () => {
  const [a, b] = users(2) as [RecordingUser, RecordingUser];
  const line = new WaitingLine();
  expect(line.join({ user: a, connectTimeoutMs: 0 }, 0)).toBe(false);
  expect(line.join({ user: a, connectTimeoutMs: 0 }, 1)).toBe(true);
  expect(line.join({ user: b, connectTimeoutMs: 0 }, 1)).toBe(false);
  expect(line.leave(a)).toBeUndefined();
  expect(line.join({ user: b, connectTimeoutMs: 0 }, 1)).toBe(true);
  expect(line.next()?.user).toBe(b);
});

test("WaitingLine.leave() gives what is being made for a user, once, if unsettled", async () => {
  using origin = await RawOrigin.start();
  const pool = versionPool([origin.address]);
  const user = new RecordingUser(pool);
  const connection = await user.open();
  const line = new WaitingLine();
  line.promised(user, connection);
  expect([line.leave(user), line.leave(user)]).toEqual([connection, undefined]);
  line.promised(user, connection);
  line.settled(user);
  expect(line.leave(user)).toBeUndefined();
});
