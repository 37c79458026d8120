import { createServer } from "node:net";
import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { http2Answer } from "../../support/http2-origin.ts";
import { RawOrigin } from "../../support/origin.ts";
import { ping, settings } from "../http2/raw-frames.ts";
import { poolDeps, poolPolicy, RecordingUser, versionPool } from "./pool-fixture.ts";
import { ask, http2Origin, http2Policy, openStream, sendOn, streamPool } from "./stream-fixture.ts";

/*
 * Goal: a connection to an endpoint carries as many exchanges as both sides take, and whatever
 * becomes of it, each exchange hears what became of its own. Method: real origins, mostly Node's
 * (nghttp2).
 */

const keepAlive = { idleMs: undefined, requests: 0, ageMs: 0, off: false, pingMs: 0 };

/** A server whose connections say nothing by themselves. */
async function silentServer(): Promise<{ readonly address: string; readonly sockets: Socket[] }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket.on("error", () => undefined).resume());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, sockets };
}

describe("A StreamConnection", () => {
  test("carries one exchange after the other, and many at once", async () => {
    const origin = await http2Origin();
    const pool = streamPool(origin);
    expect(await ask(pool)).toEqual(["ready", "head 200", "body ok", "finish"]);
    const all = await Promise.all(Array.from({ length: 20 }, () => ask(pool)));
    expect(all.map((told) => told.at(-1))).toEqual(Array<string>(20).fill("finish"));
    expect([origin.connections, pool.connections, origin.requests.length]).toEqual([1, 1, 21]);
    expect([...pool.endpoints.values()].map(({ inFlight }) => inFlight)).toEqual([0]);
    expect(origin.requests[0]?.fields).toMatchObject({
      ":method": "GET",
      ":path": "/x",
      ":authority": "web",
      ":scheme": "http",
    });
  });

  test("is joined by all who come before it stands", async () => {
    const origin = await http2Origin();
    const pool = streamPool(origin);
    const users = Array.from({ length: 5 }, () => new RecordingUser(pool));
    expect(users.map((user) => user.acquire())).toEqual(Array<string>(5).fill("waiting"));
    const [first] = users;
    pool.cancel(first as RecordingUser);
    await eventually(() => expect(users.map(({ told }) => told.length)).toEqual([0, 1, 1, 1, 1]));
    expect(pool.connections).toBe(1);
    const [endpoint] = pool.endpoints.values();
    expect(endpoint?.inFlight).toBe(4);
  });

  test("takes no more than its endpoint does, and no more than the limit", async () => {
    const origin = await http2Origin({ maxConcurrentStreams: 2 });
    origin.onRequest = () => undefined;
    const pool = streamPool(origin, http2Policy({ connections: 2 }));
    const users = Array.from({ length: 5 }, () => new RecordingUser(pool));
    for (const user of users) user.acquire();
    await eventually(() => {
      expect(users.map(({ told }) => told.join())).toEqual([
        "ready",
        "ready",
        "ready",
        "ready",
        "",
      ]);
    });
    expect([pool.connections, origin.connections]).toEqual([2, 2]);
    pool.discard(users[0]?.slot as never);
    await eventually(() => expect(users[4]?.told).toEqual(["ready"]));
    pool.update(
      { name: "v1", weight: 1, state: "ready", endpoints: [] },
      http2Policy({ connections: 2 }),
    );
    const narrow = streamPool(origin, http2Policy({ streams: 1, connections: 1, pending: 0 }));
    await openStream(new RecordingUser(narrow));
    expect(new RecordingUser(narrow).acquire()).toBe("overloaded");
  });

  test("that is told to go takes nothing new, and ends when its streams have", async () => {
    const origin = await http2Origin();
    origin.onRequest = () => undefined;
    const pool = streamPool(origin);
    const user = new RecordingUser(pool);
    const slot = await openStream(user);
    sendOn(slot);
    const [request] = await origin.received(1);
    origin.sessions[0]?.goaway(0, request?.stream.id);
    origin.onRequest = http2Answer("ok");
    await eventually(async () => {
      await ask(pool);
      expect(origin.sessions.length).toBe(2);
    });
    request?.stream.respond({ ":status": 204 }, { endStream: true });
    await eventually(() => expect(user.told).toEqual(["ready", "head 204 end"]));
    expect(pool.connections).toBe(2);
    pool.release(slot);
    await eventually(() => expect(pool.connections).toBe(1));
  });

  test("tells those apart that its endpoint has not begun with", async () => {
    const origin = await http2Origin();
    origin.onRequest = () => undefined;
    const pool = streamPool(origin);
    const users = Array.from({ length: 3 }, () => new RecordingUser(pool));
    for (const user of users) sendOn(await openStream(user));
    const requests = await origin.received(3);
    requests[0]?.stream.close(7);
    await eventually(() => expect(users[0]?.told.at(-1)).toBe("failed unprocessed"));
    origin.sessions[0]?.goaway(0, requests[1]?.stream.id);
    await eventually(() => expect(users[2]?.told).toEqual(["failed stale"]));
    requests[1]?.stream.close(2);
    await eventually(() => expect(users[1]?.told).toEqual(["broken"]));
    expect(users[1]?.slot?.reused).toBe(false);
  });

  test("tells which rule its endpoint has broken, and ends", async () => {
    const { address, sockets } = await silentServer();
    const rejected: string[] = [];
    const onHttp2Rejected = (...all: readonly string[]): void => void rejected.push(all.join(" "));
    const pool = versionPool([address], http2Policy(), poolDeps({ onHttp2Rejected }));
    const user = new RecordingUser(pool);
    user.acquire();
    await eventually(() => expect(sockets).toHaveLength(1));
    sockets[0]?.write(Buffer.concat([settings(), ping("short")]));
    await eventually(() => expect(rejected).toEqual([`h2-frame-size ${address}`]));
    await eventually(() => expect(pool.connections).toBe(0));
  });

  test("takes all its streams with it, and may have been at rest", async () => {
    const origin = await http2Origin();
    const pool = streamPool(origin);
    await ask(pool);
    origin.onRequest = () => undefined;
    const users = [new RecordingUser(pool), new RecordingUser(pool)];
    for (const user of users) sendOn(await openStream(user));
    await origin.received(3);
    origin.sessions[0]?.socket.resetAndDestroy();
    await eventually(() => {
      expect(users.map(({ told }) => told.at(-1))).toEqual(["broken", "broken"]);
    });
    expect(users.map(({ slot }) => slot?.reused)).toEqual([true, true]);
    expect(pool.connections).toBe(0);
  });
});

describe("A StreamConnection is none", () => {
  test("where nobody listens, or nobody speaks in time", async () => {
    const { address, sockets } = await silentServer();
    const pool = versionPool([address], http2Policy());
    const user = new RecordingUser(pool);
    user.acquire(undefined, 200);
    await eventually(() => expect(user.told).toEqual(["failed timeout"]));
    expect(sockets.length).toBe(1);
    using gone = await RawOrigin.start();
    const { address: closed } = gone;
    gone[Symbol.dispose]();
    const nobody = new RecordingUser(versionPool([closed], http2Policy()));
    nobody.acquire();
    await eventually(() => expect(nobody.told).toEqual(["failed refused"]));
  });

  test.each([
    ["HTTP/1.1", "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"],
    ["nothing, and leaves", ""],
  ])("where somebody speaks %s", async (_, text) => {
    const { address, sockets } = await silentServer();
    const user = new RecordingUser(versionPool([address], http2Policy()));
    user.acquire();
    await eventually(() => expect(sockets.length).toBe(1));
    sockets[0]?.end(text);
    await eventually(() => expect(user.told).toEqual(["failed noHttp2"]));
  });
});

test("A StreamConnection asks an endpoint that has been silent for long", async () => {
  const origin = await http2Origin();
  origin.onRequest = () => undefined;
  const policy = http2Policy({}, { keepAlive: { ...keepAlive, pingMs: 500 } });
  const user = new RecordingUser(streamPool(origin, policy));
  sendOn(await openStream(user));
  const pings: Buffer[] = [];
  origin.sessions[0]?.on("ping", (data: Buffer) => pings.push(data));
  await eventually(() => expect(pings.length).toBeGreaterThan(0));
  expect(user.told).toEqual(["ready"]);
});

describe("A StreamConnection ends", () => {
  test("when it has rested for long, and in order", async () => {
    const origin = await http2Origin();
    const pool = streamPool(
      origin,
      poolPolicy({}, { protocol: "h2", keepAlive: { ...keepAlive, idleMs: 100 } }),
    );
    await ask(pool);
    let code = -1;
    origin.sessions[0]?.once("goaway", (given: number) => (code = given));
    await eventually(() => expect([origin.connections, pool.connections]).toEqual([0, 0]));
    expect(code).toBe(0);
  });

  test.each([
    ["its requests", { requests: 2 }, 2],
    ["one request, if connections are off", { off: true }, 1],
  ])("after %s", async (_, limits, each) => {
    const origin = await http2Origin();
    const policy = http2Policy({}, { keepAlive: { ...keepAlive, ...limits } });
    const pool = streamPool(origin, policy);
    for (let asked = 0; asked < 4; asked += 1) await ask(pool);
    expect(origin.sessions.length).toBe(4 / each);
    await eventually(() => expect(pool.connections).toBe(0));
  });

  test("when traffic leaves its version, unless it carries something", async () => {
    const origin = await http2Origin();
    const pool = streamPool(origin);
    origin.onRequest = () => undefined;
    const user = new RecordingUser(pool);
    const slot = await openStream(user);
    sendOn(slot);
    await origin.received(1);
    pool.closeIdle();
    expect(pool.connections).toBe(1);
    pool.discard(slot);
    pool.closeIdle();
    await eventually(() => expect([pool.connections, origin.connections]).toEqual([0, 0]));
  });
});
