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
  b.slot = connection;
  b.release(400);
  await eventually(() => expect(connection.isRecent).toBe(false));
  const other = pool.acquire(c, CONNECT_TIMEOUT_MS, undefined, "recent");
  expect([other === connection, connection.gone, pool.connections]).toEqual([false, false, 2]);
});

test("VersionPool.release() keeps no connection beyond its requests, and none if off", async () => {
  using origin = await RawOrigin.start();
  const keepAlive = { idleMs: undefined, requests: 2, ageMs: 0, off: false, pingMs: 0 };
  const pool = versionPool([origin.address], poolPolicy({}, { keepAlive }));
  const [a, b] = users(pool, 2) as [RecordingUser, RecordingUser];
  expect(pool.release(await a.open())).toBe(true);
  expect(b.acquire()).toBe("kept");
  await eventually(() => expect(b.told).toEqual(["ready"]));
  b.release();
  await eventually(() => expect(pool.connections).toBe(0));
  const off = { ...keepAlive, off: true };
  pool.update(versionSnapshot(origin.address), poolPolicy({}, { keepAlive: off }));
  expect(pool.release(await a.open())).toBe(false);
});

test("VersionPool.release() ends a connection that reaches its age at rest", async () => {
  using origin = await RawOrigin.start();
  const keepAlive = { idleMs: 60_000, requests: 0, ageMs: 300, off: false, pingMs: 0 };
  const pool = versionPool([origin.address], poolPolicy({}, { keepAlive }));
  const [user] = users(pool, 1) as [RecordingUser];
  await user.open();
  user.release();
  expect(pool.connections).toBe(1);
  await eventually(() => expect(pool.connections).toBe(0));
});

test("VersionPool keeps connections less long once an endpoint has closed one", async () => {
  using origin = await RawOrigin.start();
  const pool = versionPool([origin.address]);
  const [a, b] = users(pool, 2) as [RecordingUser, RecordingUser];
  await a.open();
  a.release();
  const restedMs = performance.now();
  await eventually(() => expect(performance.now() - restedMs).toBeGreaterThan(300));
  origin.lastConnection.socket.end();
  await eventually(() => expect(pool.connections).toBe(0));
  const closedMs = performance.now() - restedMs;
  await b.open();
  b.release();
  const againMs = performance.now();
  await eventually(() => expect(pool.connections).toBe(0));
  // A tick later, and another that the wheel's own time is behind.
  expect(performance.now() - againMs).toBeLessThan(Math.max(250, 0.75 * closedMs) + 300);
});
