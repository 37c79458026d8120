import { expect, test } from "vitest";
import type { VersionPool } from "../../../proxy/upstream/version-pool.ts";
import { eventually } from "../../support/eventually.ts";
import { RawOrigin } from "../../support/origin.ts";
import {
  CONNECT_TIMEOUT_MS,
  poolPolicy,
  RecordingUser,
  versionPool,
  versionSnapshot,
} from "./pool-fixture.ts";

function users(pool: VersionPool, count: number): RecordingUser[] {
  return Array.from({ length: count }, () => new RecordingUser(pool));
}

test("VersionPool.release() for one client keeps the connection from everybody else", async () => {
  using origin = await RawOrigin.start();
  const pool = versionPool([origin.address]);
  const [owner, other] = users(pool, 2) as [RecordingUser, RecordingUser];
  const connection = await owner.open();
  expect(pool.release(connection, true)).toBe(true);
  expect(other.acquire()).toBe("connecting");
  expect(pool.resume(connection, owner)).toBe(true);
  await eventually(() => expect(owner.told).toEqual(["ready", "ready"]));
  expect(owner.connection).toBe(connection);
});

test("VersionPool.resume() gives nothing of an endpoint or connection that is gone", async () => {
  using origin = await RawOrigin.start();
  using other = await RawOrigin.start();
  const pool = versionPool([origin.address]);
  const [first, second] = users(pool, 2) as [RecordingUser, RecordingUser];
  const closed = await first.open();
  const removed = await second.open();
  pool.release(closed, true);
  origin.connections[0]?.socket.end();
  await eventually(() => expect(pool.connections).toBe(1));
  expect(pool.resume(closed, first)).toBe(false);
  pool.release(removed, true);
  pool.update(versionSnapshot(other.address), poolPolicy());
  expect(pool.resume(removed, second)).toBe(false);
  await eventually(() => expect(pool.connections).toBe(0));
});

test("VersionPool.acquire() of a recent connection takes none that rested for long", async () => {
  using origin = await RawOrigin.start();
  const pool = versionPool([origin.address]);
  const [a, b, c] = users(pool, 3) as [RecordingUser, RecordingUser, RecordingUser];
  const connection = await a.open();
  a.release(400);
  const taken = pool.acquire(b, CONNECT_TIMEOUT_MS, undefined, "recent");
  expect(taken).toBe(connection);
  await eventually(() => expect(b.told).toEqual(["ready"]));
  b.connection = connection;
  b.release(400);
  await eventually(() => expect(connection.isRecent).toBe(false));
  const other = pool.acquire(c, CONNECT_TIMEOUT_MS, undefined, "recent");
  expect([other === connection, connection.gone, pool.connections]).toEqual([false, false, 2]);
});
