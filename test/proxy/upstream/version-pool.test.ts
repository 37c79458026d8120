import { expect, test } from "vitest";
import type { Endpoint } from "../../../proxy/upstream/endpoint.ts";
import type { VersionPool } from "../../../proxy/upstream/version-pool.ts";
import { eventually } from "../../support/eventually.ts";
import { RawOrigin } from "../../support/origin.ts";
import {
  CONNECT_TIMEOUT_MS,
  endpointSnapshot,
  poolPolicy,
  RecordingUser,
  versionPool,
  versionSnapshot,
} from "./pool-fixture.ts";

function users(pool: VersionPool, count: number): RecordingUser[] {
  return Array.from({ length: count }, () => new RecordingUser(pool));
}

function endpointOf(pool: VersionPool, { address }: RawOrigin): Endpoint {
  return pool.endpoints.get(address) as Endpoint;
}

/** Connections, exchanges under way at the endpoint, idle connections. */
function counts(pool: VersionPool, origin: RawOrigin): readonly number[] {
  const endpoint = endpointOf(pool, origin);
  return [pool.connections, endpoint.inFlight, pool.idleCount(endpoint)];
}

test("VersionPool.acquire() takes the connection that was used last", async () => {
  using origin = await RawOrigin.start();
  const pool = versionPool([origin.address]);
  const [a, b, next] = users(pool, 3) as [RecordingUser, RecordingUser, RecordingUser];
  const first = await a.open();
  const second = await b.open();
  b.release();
  a.release();
  expect(counts(pool, origin)).toEqual([2, 0, 2]);
  expect(next.acquire()).toBe("kept");
  expect(next.connection).toBe(first);
  expect(first.reused).toBe(true);
  expect(counts(pool, origin)).toEqual([2, 1, 1]);
  a.acquire();
  expect(a.connection).toBe(second);
});

test("VersionPool.acquire() waits at the limit, refuses past pending, keeps order", async () => {
  using origin = await RawOrigin.start();
  const pool = versionPool([origin.address], poolPolicy({ connections: 1, pending: 2 }));
  const all = users(pool, 4) as [RecordingUser, RecordingUser, RecordingUser, RecordingUser];
  const [a, b, c, d] = all;
  const connection = await a.open();
  expect([b.acquire(), c.acquire(), d.acquire()]).toEqual(["waiting", "waiting", "overloaded"]);
  a.release();
  await eventually(() => expect(b.told).toEqual(["ready"]));
  expect(all.map(({ told }) => told)).toEqual([["ready"], ["ready"], [], []]);
  b.release();
  await eventually(() => expect(c.told).toEqual(["ready"]));
  expect([b.connection, c.connection]).toEqual([connection, connection]);
  expect(counts(pool, origin)).toEqual([1, 1, 0]);
});

test("VersionPool.update() takes back what it promised at an endpoint", async () => {
  using origin = await RawOrigin.start();
  using other = await RawOrigin.start();
  const pool = versionPool([origin.address]);
  const [a, b] = users(pool, 2) as [RecordingUser, RecordingUser];
  await a.open();
  a.release();
  expect(b.acquire()).toBe("kept");
  pool.update(versionSnapshot(other.address), poolPolicy());
  await eventually(() => expect(b.told).toEqual(["failed stale"]));
});

test("VersionPool.close() leaves its connection to whoever has been promised one", async () => {
  using origin = await RawOrigin.start();
  const pool = versionPool([origin.address]);
  const [a, b] = users(pool, 2) as [RecordingUser, RecordingUser];
  await a.open();
  a.release();
  expect(b.acquire()).toBe("kept");
  pool.close();
  await eventually(() => expect(b.told).toEqual(["ready"]));
});

test("VersionPool gives the place of a lost connection to the first who waits", async () => {
  using origin = await RawOrigin.start();
  const pool = versionPool([origin.address], poolPolicy({ connections: 1 }));
  const [a, b] = users(pool, 2) as [RecordingUser, RecordingUser];
  await a.open();
  expect(b.acquire()).toBe("waiting");
  origin.lastConnection.socket.resetAndDestroy();
  await eventually(() => expect(b.told).toEqual(["ready"]));
  expect(a.told).toEqual(["ready", "broken"]);
  expect(counts(pool, origin)).toEqual([1, 1, 0]);
});

test("VersionPool.cancel() of one that waits tells it nothing; the next is served", async () => {
  using origin = await RawOrigin.start();
  const pool = versionPool([origin.address], poolPolicy({ connections: 1 }));
  const [a, b, c] = users(pool, 3) as [RecordingUser, RecordingUser, RecordingUser];
  await a.open();
  b.acquire();
  c.acquire();
  pool.cancel(b);
  a.release();
  await eventually(() => expect(c.told).toEqual(["ready"]));
  expect(b.told).toEqual([]);
});

test("VersionPool.cancel() of one whose connection is still examined destroys it", async () => {
  using origin = await RawOrigin.start();
  const pool = versionPool([origin.address], poolPolicy({ connections: 1 }));
  const [a, b, c] = users(pool, 3) as [RecordingUser, RecordingUser, RecordingUser];
  await a.open();
  b.acquire();
  c.acquire();
  a.release();
  pool.cancel(b);
  await eventually(() => expect(c.told).toEqual(["ready"]));
  expect([a.told, b.told]).toEqual([["ready"], []]);
  expect(origin.connections).toHaveLength(2);
});

test("VersionPool.cancel() of one that waited and is being connected ends that", async () => {
  using origin = await RawOrigin.start();
  const pool = versionPool([origin.address], poolPolicy({ connections: 1 }));
  const [a, b, c] = users(pool, 3) as [RecordingUser, RecordingUser, RecordingUser];
  await a.open();
  expect([b.acquire(), c.acquire()]).toEqual(["waiting", "waiting"]);
  // The pool hears of the end first and connects for b; a hears of it next.
  a.onTold = () => pool.cancel(b);
  origin.lastConnection.socket.resetAndDestroy();
  await eventually(() => expect(c.told).toEqual(["ready"]));
  expect(b.told).toEqual([]);
  expect(counts(pool, origin)).toEqual([1, 1, 0]);
});

test("VersionPool.update() without a usable endpoint tells everyone who waits", async () => {
  using origin = await RawOrigin.start();
  const policy = poolPolicy({ connections: 1 });
  const pool = versionPool([origin.address], policy);
  const [a, b, c] = users(pool, 3) as [RecordingUser, RecordingUser, RecordingUser];
  await a.open();
  b.acquire();
  c.acquire();
  pool.update(versionSnapshot(endpointSnapshot(origin.address, { healthy: false })), policy);
  expect([b.told, c.told]).toEqual([["failed unreachable"], ["failed unreachable"]]);
  expect([a.told, b.acquire()]).toEqual([["ready"], "unavailable"]);
});

test("VersionPool.update() with a higher limit serves everyone who waits", async () => {
  using origin = await RawOrigin.start();
  const snapshot = versionSnapshot(origin.address);
  const pool = versionPool([], poolPolicy({ connections: 1 }));
  pool.update(snapshot, poolPolicy({ connections: 1 }));
  const [a, b, c] = users(pool, 3) as [RecordingUser, RecordingUser, RecordingUser];
  await a.open();
  b.acquire();
  c.acquire();
  pool.update(snapshot, poolPolicy({ connections: 3 }));
  await eventually(() => expect([b.told, c.told]).toEqual([["ready"], ["ready"]]));
  expect(counts(pool, origin)).toEqual([3, 3, 0]);
});

test("VersionPool with a limit of no connections refuses at once", async () => {
  using origin = await RawOrigin.start();
  const pool = versionPool([origin.address], poolPolicy({ connections: 0 }));
  expect(new RecordingUser(pool).acquire()).toBe("overloaded");
});

test("VersionPool at its limit gives an idle connection of another endpoint", async () => {
  using origin = await RawOrigin.start();
  using other = await RawOrigin.start();
  const pool = versionPool([origin.address], poolPolicy({ connections: 1 }));
  const [a, b] = users(pool, 2) as [RecordingUser, RecordingUser];
  const connection = await a.open();
  a.release();
  const weighty = endpointSnapshot(other.address, { weight: 65_535 });
  pool.update(versionSnapshot(origin.address, weighty), poolPolicy({ connections: 1 }));
  expect([b.acquire(), b.connection]).toEqual(["kept", connection]);
});

test("VersionPool at its limit closes an unusable endpoint's idle one for who waits", async () => {
  using ill = await RawOrigin.start();
  using well = await RawOrigin.start();
  const policy = poolPolicy({ connections: 1 });
  const pool = versionPool([ill.address], policy);
  const [a, b] = users(pool, 2) as [RecordingUser, RecordingUser];
  await a.open();
  a.release();
  const unhealthy = endpointSnapshot(ill.address, { healthy: false });
  pool.update(versionSnapshot(unhealthy, well.address), policy);
  expect(b.acquire()).toBe("waiting");
  await eventually(() => expect(b.told).toEqual(["ready"]));
  expect(b.connection?.endpoint.address).toBe(well.address);
});

test("VersionPool.release() gives no new work to an endpoint in maint", async () => {
  using old = await RawOrigin.start();
  using ready = await RawOrigin.start();
  const policy = poolPolicy({ connections: 1 });
  const pool = versionPool([old.address], policy);
  const [a, b] = users(pool, 2) as [RecordingUser, RecordingUser];
  await a.open();
  expect(b.acquire()).toBe("waiting");
  const inMaint = endpointSnapshot(old.address, { state: "maint" });
  pool.update(versionSnapshot(inMaint, ready.address), policy);
  a.release();
  expect(b.told).toEqual([]);
  await eventually(() => expect(b.told).toEqual(["ready"]));
  expect(b.connection?.endpoint.address).toBe(ready.address);
});

test("VersionPool destroys an idle connection where bytes arrive, never hands it out", async () => {
  using origin = await RawOrigin.start();
  const pool = versionPool([origin.address]);
  const [a, b] = users(pool, 2) as [RecordingUser, RecordingUser];
  const connection = await a.open();
  a.release();
  const onData = connection.onData.bind(connection);
  let got: string | undefined;
  // In the same turn in which the bytes were read: the socket has not said yet that it is closed.
  connection.onData = (...read) => {
    onData(...read);
    got = b.acquire();
  };
  origin.lastConnection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  await eventually(() => expect(origin.connections[0]?.fate).not.toBe("open"));
  expect([got, a.told]).toEqual(["connecting", ["ready"]]);
  expect(b.connection).not.toBe(connection);
});

test("VersionPool forgets an idle connection that its origin closes", async () => {
  using origin = await RawOrigin.start();
  const pool = versionPool([origin.address]);
  const user = new RecordingUser(pool);
  await user.open();
  user.release();
  origin.lastConnection.socket.end();
  await eventually(() => expect(counts(pool, origin)).toEqual([0, 0, 0]));
  expect(user.told).toEqual(["ready"]);
});

test("VersionPool.update() keeps endpoints by address with their connections", async () => {
  using origin = await RawOrigin.start();
  using other = await RawOrigin.start();
  const pool = versionPool([origin.address, other.address]);
  const user = new RecordingUser(pool);
  user.acquire(endpointOf(pool, other));
  await eventually(() => expect(user.told).toEqual(["ready"]));
  user.release();
  const kept = endpointOf(pool, origin);
  kept.failures = 2;
  pool.update(versionSnapshot(endpointSnapshot(origin.address, { weight: 7 })), poolPolicy());
  expect([...pool.endpoints.values()]).toEqual([kept]);
  expect([kept.failures, kept.snapshot.weight, pool.idleCount(kept)]).toEqual([2, 7, 1]);
  const { connection } = user;
  expect([user.acquire(), user.connection]).toEqual(["kept", connection]);
});

test("VersionPool.update() with an equal snapshot touches no socket", async () => {
  using origin = await RawOrigin.start();
  const snapshot = versionSnapshot(origin.address);
  const pool = versionPool([]);
  pool.update(snapshot, poolPolicy());
  const [busy, idle] = users(pool, 2) as [RecordingUser, RecordingUser];
  await busy.open();
  await idle.open();
  idle.release();
  const before = endpointOf(pool, origin);
  pool.update(snapshot, poolPolicy());
  pool.update(structuredClone(snapshot), poolPolicy());
  expect(endpointOf(pool, origin)).toBe(before);
  busy.connection?.transport.write("still here");
  await eventually(() => expect(origin.connections[0]?.received).toBe("still here"));
  expect(origin.connections.map(({ fate }) => fate)).toEqual(["open", "open"]);
  expect(counts(pool, origin)).toEqual([2, 1, 1]);
});

test("VersionPool.update() without an address closes idle connections, not busy ones", async () => {
  using origin = await RawOrigin.start();
  using other = await RawOrigin.start();
  const pool = versionPool([origin.address]);
  const [busy, idle] = users(pool, 2) as [RecordingUser, RecordingUser];
  await busy.open();
  await idle.open();
  idle.release();
  pool.update(versionSnapshot(other.address), poolPolicy());
  await eventually(() => expect(origin.connections[1]?.fate).not.toBe("open"));
  expect(origin.connections[0]?.fate).toBe("open");
  origin.connections[0]?.send("late");
  await eventually(() => expect(busy.told).toEqual(["ready", "data late"]));
  busy.release();
  await eventually(() => expect(origin.connections[0]?.fate).not.toBe("open"));
  expect([pool.connections, busy.told]).toEqual([0, ["ready", "data late"]]);
});

test("VersionPool.close() closes idle connections, lets work end and tells who waits", async () => {
  using origin = await RawOrigin.start();
  const pool = versionPool([origin.address], poolPolicy({ connections: 2 }));
  const [busy, idle, late] = users(pool, 3) as [RecordingUser, RecordingUser, RecordingUser];
  await busy.open();
  await idle.open();
  expect(late.acquire()).toBe("waiting");
  pool.close();
  expect(late.told).toEqual(["failed unreachable"]);
  expect(origin.connections.map(({ fate }) => fate)).toEqual(["open", "open"]);
  for (const user of [busy, idle]) user.release();
  await eventually(() => expect(pool.connections).toBe(0));
  expect(pool.usableCount).toBe(0);
});

test("VersionPool.discard() frees the place at once, and tells its user nothing", async () => {
  using origin = await RawOrigin.start();
  const pool = versionPool([origin.address]);
  const user = new RecordingUser(pool);
  pool.discard(await user.open());
  expect(endpointOf(pool, origin).inFlight).toBe(0);
  await eventually(() => expect(counts(pool, origin)).toEqual([0, 0, 0]));
  expect(user.told).toEqual(["ready"]);
});

test("VersionPool.release() of a connection that must not be kept closes it", async () => {
  using origin = await RawOrigin.start();
  const pool = versionPool([origin.address]);
  const user = new RecordingUser(pool);
  await user.open();
  user.release(0);
  await eventually(() => expect(counts(pool, origin)).toEqual([0, 0, 0]));
});

test("VersionPool.acquire() avoids the endpoint that just failed if there is another", async () => {
  using origin = await RawOrigin.start();
  using other = await RawOrigin.start();
  const pool = versionPool([origin.address, other.address]);
  const avoid = endpointOf(pool, origin);
  for (const user of users(pool, 10)) {
    user.acquire(avoid, CONNECT_TIMEOUT_MS);
    expect(user.connection?.endpoint.address).toBe(other.address);
  }
});
