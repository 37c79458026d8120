import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { describe, expect, onTestFinished, test } from "vitest";
import { systemClock } from "../../../proxy/base/clock.ts";
import { TlsContexts } from "../../../proxy/transport/tls-contexts.ts";
import { EndpointTls } from "../../../proxy/upstream/endpoint-tls.ts";
import { UpstreamConnection } from "../../../proxy/upstream/upstream-connection.ts";
import type { Endpoint } from "../../../proxy/upstream/endpoint.ts";
import { eventually } from "../../support/eventually.ts";
import { StalledListener } from "../../support/stalled-listener.ts";
import { RawOrigin } from "../../support/origin.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { poolDeps, poolPolicy, RecordingUser, versionPool } from "./pool-fixture.ts";

/** An address that nobody listens at any more. */
async function closedAddress(): Promise<string> {
  const origin = await RawOrigin.start();
  const { address } = origin;
  origin[Symbol.dispose]();
  return address;
}

test("UpstreamConnection passes its user what it receives, in order", async () => {
  using origin = await RawOrigin.start();
  const user = new RecordingUser(versionPool([origin.address]));
  const connection = await user.open();
  connection.transport.write("ping");
  await eventually(() => expect(origin.lastConnection.received).toBe("ping"));
  origin.lastConnection.send("pong").socket.end();
  await eventually(() => expect(user.told).toEqual(["ready", "data pong", "end"]));
});

test("UpstreamConnection goes to a Unix socket", async () => {
  const path = join(await temporaryFolder(), "origin.sock");
  using origin = await RawOrigin.start({ path });
  const user = new RecordingUser(versionPool([`unix:${path}`]));
  (await user.open()).transport.write("ping");
  await eventually(() => expect(origin.lastConnection.received).toBe("ping"));
});

test("UpstreamConnection goes to an IPv6 address", async () => {
  using origin = await RawOrigin.start({ host: "::1" });
  const user = new RecordingUser(versionPool([origin.address]));
  (await user.open()).transport.write("ping");
  await eventually(() => expect(origin.lastConnection.received).toBe("ping"));
});

test.each([
  ["a port that nobody listens at", "refused", closedAddress],
  ["a Unix socket that is not there", "refused", async () => "unix:/nowhere/origin.sock"],
  ["a path below a file", "unreachable", async () => "unix:/dev/null/origin.sock"],
  ["a port that is none", "unreachable", async () => "127.0.0.1:70000"],
])("UpstreamConnection to %s fails: %s", async (_, failure, addressOf) => {
  const pool = versionPool([await addressOf()]);
  const user = new RecordingUser(pool);
  expect(user.acquire()).toBe("connecting");
  const [endpoint] = pool.endpoints.values();
  expect([pool.connections, endpoint?.inFlight]).toEqual([1, 1]);
  await eventually(() => expect(user.told).toEqual([`failed ${failure}`]));
  expect(user.failedEndpoint).toBe(endpoint);
  expect([pool.connections, endpoint?.inFlight]).toEqual([0, 0]);
});

test("UpstreamConnection that is not open within the connect timeout fails: timeout", async () => {
  const address = await hangingAddress();
  const pool = versionPool([address]);
  const user = new RecordingUser(pool);
  const beganMs = performance.now();
  expect(user.acquire(undefined, 200)).toBe("connecting");
  await eventually(() => expect(user.told).toEqual(["failed timeout"]));
  expect(performance.now() - beganMs).toBeGreaterThan(100);
  expect(pool.connections).toBe(0);
});

test("UpstreamConnection waits at the full queue of a Unix socket, and then fails", async () => {
  using stalled = await StalledListener.start(join(await temporaryFolder(), "full.sock"));
  const deps = poolDeps();
  const pool = versionPool([stalled.address], poolPolicy(), deps);
  const user = new RecordingUser(pool);
  const patient = new RecordingUser(pool);
  expect([user.acquire(undefined, 200), patient.acquire()]).toEqual(["connecting", "connecting"]);
  await eventually(() => expect(user.told).toEqual(["failed queueFull"]));
  expect([patient.told, deps.faults.toRecord()]).toEqual([[], { EAGAIN: 1 }]);
  stalled.goOn();
  await eventually(() => expect(patient.told[0]).toBe("ready"));
});

/** Listens with the shortest queue and never accepts: its thread sleeps. */
const SLEEPING_SERVER = `
  const { parentPort } = require("node:worker_threads");
  const server = require("node:net").createServer();
  server.listen({ host: "127.0.0.1", port: 0, backlog: 1 }, () => {
    parentPort.postMessage(server.address().port);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });
`;

/** Connections that fill a queue of 1, with some to spare. */
const QUEUE_FILLING = 4;

/**
 * An address of this machine to which connecting hangs: nobody takes connections out of its queue.
 */
async function hangingAddress(): Promise<string> {
  const worker = new Worker(SLEEPING_SERVER, { eval: true });
  onTestFinished(async () => void (await worker.terminate()));
  const [port] = (await once(worker, "message")) as [number];
  const filling = Array.from({ length: QUEUE_FILLING }, () => connect({ host: "127.0.0.1", port }));
  onTestFinished(() => filling.forEach((socket) => socket.destroy()));
  for (const socket of filling) socket.on("error", () => undefined);
  await once(filling[0] as Socket, "connect");
  return `127.0.0.1:${port}`;
}

test("UpstreamConnection ends after its idle time, not before", async () => {
  using origin = await RawOrigin.start();
  const pool = versionPool([origin.address]);
  const user = new RecordingUser(pool);
  await user.open();
  const restedMs = performance.now();
  user.release(150);
  await eventually(() => expect(origin.lastConnection.fate).not.toBe("open"));
  expect(performance.now() - restedMs).toBeGreaterThan(100);
  expect(pool.connections).toBe(0);
});

test("UpstreamConnection in use does not end by the idle time it had", async () => {
  using origin = await RawOrigin.start();
  using clockwork = await RawOrigin.start();
  const deps = poolDeps();
  const pool = versionPool([origin.address], poolPolicy(), deps);
  const user = new RecordingUser(pool);
  await user.open();
  user.release(150);
  expect(user.acquire()).toBe("kept");
  // A second connection with the same idle time says when the first one's would have been over.
  const other = new RecordingUser(versionPool([clockwork.address], poolPolicy(), deps));
  await other.open();
  other.release(150);
  await eventually(() => expect(clockwork.lastConnection.fate).not.toBe("open"));
  expect(origin.lastConnection.fate).toBe("open");
});

test("UpstreamConnection tells its owner of its end before its user", async () => {
  using origin = await RawOrigin.start();
  const { buffers, wheel, faults } = poolDeps();
  const pool = versionPool([origin.address]);
  const endpoint = pool.endpoints.get(origin.address) as Endpoint;
  const user = new RecordingUser(pool);
  const steps: string[] = [];
  user.onTold = () => steps.push(`user ${user.told.at(-1)}`);
  const owner = {
    usableCount: 1,
    onConnectionReady: (each: UpstreamConnection) => each.user?.onUpstreamReady(each),
    onConnectionGone: (_each: UpstreamConnection, whose: unknown) =>
      steps.push(whose === user ? "owner gone" : "owner gone without user"),
  };
  const tls = new EndpointTls({ buffers, contexts: new TlsContexts(), clock: systemClock });
  const connection = new UpstreamConnection(
    { endpoint, owner, buffers, wheel, faults, tls, connectTimeoutMs: 0 },
    user,
  );
  onTestFinished(() => connection.transport.destroy());
  await eventually(() => expect(steps).toEqual(["user ready"]));
  origin.lastConnection.socket.resetAndDestroy();
  await eventually(() => expect(steps).toEqual(["user ready", "owner gone", "user broken"]));
});

/** What an endpoint does to a connection that rests; its next user must not suffer from it. */
const SURPRISES: readonly (readonly [string, (origin: RawOrigin) => void])[] = [
  ["a FIN", ({ lastConnection }) => void lastConnection.socket.end()],
  ["a reset", ({ lastConnection }) => void lastConnection.socket.resetAndDestroy()],
  ["bytes", ({ lastConnection }) => void lastConnection.send("HTTP/1.1 408 Late\r\n\r\n")],
];

describe.each(SURPRISES)("UpstreamConnection on which %s waits in the kernel", (_, surprise) => {
  test("is stale to a user that is given it before that was read", async () => {
    using origin = await RawOrigin.start();
    const pool = versionPool([origin.address]);
    const [before, after] = [new RecordingUser(pool), new RecordingUser(pool)];
    await before.open();
    before.release();
    surprise(origin);
    // What was sent is in our kernel now, and this turn reads no more.
    expect(after.acquire()).toBe("kept");
    expect(after.connection?.ready).toBe(false);
    await eventually(() => expect(after.told).toEqual(["failed stale"]));
    expect([before.told, pool.connections]).toEqual([["ready"], 0]);
  });

  test("is stale to one that has waited for it", async () => {
    using origin = await RawOrigin.start();
    const pool = versionPool([origin.address], poolPolicy({ connections: 1 }));
    const [before, first, second] = Array.from({ length: 3 }, () => new RecordingUser(pool));
    await before?.open();
    expect([first?.acquire(), second?.acquire()]).toEqual(["waiting", "waiting"]);
    surprise(origin);
    before?.release();
    await eventually(() => expect(second?.told).toEqual(["ready"]));
    expect([before?.told, first?.told]).toEqual([["ready"], ["failed stale"]]);
  });
});

test("UpstreamConnection just released is not given away before it was read once", async () => {
  using origin = await RawOrigin.start();
  const deps = poolDeps();
  const pool = versionPool([origin.address], poolPolicy(), deps);
  const [before, after] = [new RecordingUser(pool), new RecordingUser(pool)];
  await before.open();
  before.release();
  const released = deps.buffers.writes.turn;
  after.acquire();
  await eventually(() => expect(after.told).toEqual(["ready"]));
  expect(deps.buffers.writes.turn).toBeGreaterThan(released + 1);
});
