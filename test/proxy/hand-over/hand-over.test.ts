import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { answer } from "../../support/origin.ts";
import type { OriginConnection } from "../../support/origin.ts";
import type { RawSocket } from "../../support/raw-socket.ts";
import { toldOf } from "../upstream/pool-fixture.ts";
import { TwoWorkers } from "./hand-over-fixture.ts";

const GET = "GET / HTTP/1.1\r\nHost: web\r\n\r\n";
const UPGRADE = "GET /tunnel HTTP/1.1\r\nHost: web\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n";
const SWITCH = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n";
/** More than both kernels keep for a reader that does not read. */
const MUCH_BYTES = 16 * 1024 * 1024;

/** Which worker has answered. */
async function worker(client: RawSocket): Promise<string | undefined> {
  return (await client.response()).field("via")?.replace("1.1 ", "");
}

/** Opens a tunnel, and gives both of its ends. */
async function tunnel(two: TwoWorkers): Promise<{ client: RawSocket; server: OriginConnection }> {
  two.origin.onRequest = answer(SWITCH);
  const client = await two.open();
  expect((await client.send(UPGRADE).response()).status).toBe(101);
  return { client, server: two.origin.lastConnection };
}

/**
 * Bytes that are all different from their neighbours, so that nothing can be lost or moved unseen.
 */
function pattern(length: number): Buffer {
  return Buffer.from(Uint32Array.from({ length: length / 4 }, (_, index) => index).buffer);
}

/** Everything that a socket receives from now on; nothing else listens to it. */
function collect(socket: Socket): () => Buffer {
  const pieces: Buffer[] = [];
  socket.removeAllListeners("data");
  socket.on("data", (piece: Buffer) => void pieces.push(piece));
  return () => Buffer.concat(pieces);
}

/** Writes in pieces, so that `writableLength` tells how far it is. */
function write(socket: Socket, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; at += 65_536) socket.write(bytes.subarray(at, at + 65_536));
}

/** Resolves when a number has stopped changing. */
async function untilStill(number: () => number): Promise<void> {
  for (let [before, same] = [-1, 0]; same < 10; before = number()) {
    await sleep(10);
    same = number() === before ? same + 1 : 0;
  }
}

describe("HandOver", () => {
  test("an unused connection and one between two requests go on elsewhere", async () => {
    const two = await TwoWorkers.start();
    const [fresh, used] = [await two.open(), await two.open()];
    expect(await worker(used.send(GET))).toBe("old");
    await eventually(() => expect(two.old.connections.size).toBe(2));
    await two.handOver();
    expect([two.given, two.next.connections.size]).toEqual([["idle", "idle"], 2]);
    expect([await worker(fresh.send(GET)), await worker(used.send(GET))]).toEqual(["next", "next"]);
  });

  test("half a head is carried along, and the request is answered once", async () => {
    const two = await TwoWorkers.start();
    const client = await two.open();
    client.send("GET /half HTTP/1.1\r\nHo");
    await eventually(() => expect(two.old.connections.size).toBe(1));
    await eventually(() => expect([...two.old.connections][0]?.idleSinceMs).toBeUndefined());
    await two.handOver();
    expect(await worker(client.send("st: web\r\n\r\n"))).toBe("next");
    expect(two.origin.requests.map(({ line }) => line)).toEqual(["GET /half HTTP/1.1"]);
  });

  test("a request under way is answered where it is, and the next one elsewhere", async () => {
    const two = await TwoWorkers.start();
    two.origin.onRequest = () => undefined;
    const client = (await two.open()).send(GET);
    await eventually(() => expect(two.origin.requests).toHaveLength(1));
    const done = two.handOver();
    two.origin.onRequest = answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    two.origin.lastConnection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    expect(await worker(client)).toBe("old");
    await done;
    expect(await worker(client.send(GET))).toBe("next");
  });

  test("pipelined requests are answered in order, after the one under way elsewhere", async () => {
    const two = await TwoWorkers.start();
    two.origin.onRequest = () => undefined;
    const client = await two.open();
    client.send([1, 2, 3, 4].map((each) => GET.replace("/", `/${each}`)).join(""));
    await eventually(() => expect(two.origin.requests).toHaveLength(1));
    const done = two.handOver();
    two.origin.onRequest = (connection, { line }) => {
      connection.send(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n${line.slice(4, 6)}`);
    };
    two.origin.lastConnection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n/1");
    await done;
    const answers: string[] = [];
    for (let each = 1; each <= 4; each += 1) {
      const { body, field } = await client.response();
      answers.push(`${body} ${field("via")}`);
    }
    expect(answers).toEqual(["/1 1.1 old", "/2 1.1 next", "/3 1.1 next", "/4 1.1 next"]);
    expect(two.origin.requests).toHaveLength(4);
  });

  test("only so many sockets are on their way; others are served until their turn", async () => {
    const two = await TwoWorkers.start();
    const clients = await Promise.all(Array.from({ length: 100 }, () => two.open()));
    await eventually(() => expect(two.old.connections.size).toBe(100));
    const release = Promise.withResolvers<void>();
    two.arrival = () => release.promise;
    const done = two.handOver();
    expect([two.given.length, two.old.connections.size]).toEqual([32, 68]);
    const workers = await Promise.all(clients.slice(32).map((client) => worker(client.send(GET))));
    expect(new Set(workers)).toEqual(new Set(["old"]));
    two.arrival = () => Promise.resolve();
    release.resolve();
    await done;
    const after = await Promise.all(clients.map((client) => worker(client.send(GET))));
    expect(new Set(after)).toEqual(new Set(["next"]));
    expect(two.underWayMax).toBe(32);
  });

  test("a client that closes while its socket is on the way is let go", async () => {
    const two = await TwoWorkers.start();
    const client = await two.open();
    await eventually(() => expect(two.old.connections.size).toBe(1));
    const left = Promise.withResolvers<void>();
    two.arrival = () => left.promise;
    const done = two.handOver();
    client.reset();
    left.resolve();
    await done;
    await eventually(() => expect([two.underWay, two.next.connections.size]).toEqual([0, 0]));
  });

  test("a connection that is being closed ends where it is", async () => {
    const two = await TwoWorkers.start();
    const client = (await two.open()).send(
      "GET / HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n",
    );
    expect(await worker(client)).toBe("old");
    expect(await client.ended()).toBe("fin");
    const done = two.handOver();
    client.close();
    await done;
    expect([two.given, two.next.connections.size]).toEqual([[], 0]);
  });
});

describe("HandOver of tunnels", () => {
  test("a tunnel goes with both its sockets and what is known of it", async () => {
    const two = await TwoWorkers.start();
    const { client, server } = await tunnel(two);
    const before = toldOf(two.old.services).versions[0];
    await two.handOver();
    expect(two.given).toEqual(["tunnelClient", "tunnelUpstream"]);
    client.send("to the server");
    await eventually(() => expect(server.received).toContain("to the server"));
    server.send("to the client");
    await client.until("to the client");
    const [old] = toldOf(two.old.services).versions;
    const [next] = toldOf(two.next.services).versions;
    expect([before?.tunnelsOpen, old?.tunnelsOpen, next?.tunnelsOpen]).toEqual([1, 0, 1]);
    // What the old one has counted stays told.
    const endpoints = [two.old, two.next].map(({ services }) => toldOf(services).endpoints);
    expect(endpoints).toMatchObject([[{ inFlight: 0, attempts: [1, 0] }], [{ inFlight: 1 }]]);
    client.finish();
    await eventually(() => expect(server.fate).toBe("fin"));
    await eventually(() => expect(toldOf(two.next.services).versions).toEqual([]));
    expect(two.next.connections.size).toBe(0);
  });

  test.each(["client", "server"])("a %s that reads slowly loses nothing", async (slow) => {
    const two = await TwoWorkers.start();
    const { client, server } = await tunnel(two);
    const bytes = pattern(MUCH_BYTES);
    const sides = [client.socket, server.socket];
    const [reader, writer] = (slow === "client" ? sides : sides.toReversed()) as [Socket, Socket];
    const got = collect(reader);
    reader.pause();
    write(writer, bytes);
    await untilStill(() => writer.writableLength);
    const done = two.handOver();
    // It cannot go: what the old worker has read is not out. The other way goes on meanwhile.
    reader.write("still here");
    const heard = (): string => (slow === "client" ? server.received : client.text);
    await eventually(() => expect(heard()).toContain("still here"));
    expect(two.given).toEqual([]);
    reader.resume();
    await done;
    expect(two.given).toEqual(["tunnelClient", "tunnelUpstream"]);
    await eventually(() => expect(got().length).toBe(bytes.length));
    expect(got().equals(bytes)).toBe(true);
  });

  test("a client that reads nothing before it has sent all of much is not stopped", async () => {
    const two = await TwoWorkers.start();
    const { client, server } = await tunnel(two);
    const bytes = pattern(MUCH_BYTES);
    server.socket.removeAllListeners("data");
    server.socket.on("data", (piece: Buffer) => void server.socket.write(piece));
    const got = collect(client.socket);
    client.socket.pause();
    write(client.socket, bytes);
    const [connection] = two.old.connections;
    // It stays so until the client reads.
    await eventually(() => expect(connection?.transport.blocked).toBe(true));
    if (client.socket.writableNeedDrain) client.socket.on("drain", () => client.socket.resume());
    else client.socket.resume();
    await two.handOver();
    await eventually(() => expect(got().length).toBe(bytes.length));
    expect(got().equals(bytes)).toBe(true);
  });

  test("bulk both ways at once goes on elsewhere, byte for byte", async () => {
    const two = await TwoWorkers.start();
    const { client, server } = await tunnel(two);
    const bytes = pattern(MUCH_BYTES);
    const [toClient, toServer] = [collect(client.socket), collect(server.socket)];
    client.send(bytes);
    server.send(bytes);
    await two.handOver();
    client.finish();
    await eventually(() => expect(server.fate).toBe("fin"));
    await client.ended();
    expect(toClient().equals(bytes)).toBe(true);
    expect(toServer().equals(bytes)).toBe(true);
  });

  test("one that is half closed stays until it ends, and what is left gets through", async () => {
    const two = await TwoWorkers.start();
    const { client, server } = await tunnel(two);
    server.socket.removeAllListeners("end");
    client.finish();
    await eventually(() => expect(server.socket.readableEnded).toBe(true));
    const done = two.handOver();
    server.send("the rest");
    await client.until("the rest");
    expect(two.given).toEqual([]);
    server.socket.end();
    expect(await client.ended()).toBe("fin");
    await done;
    expect(two.given).toEqual([]);
  });
});
