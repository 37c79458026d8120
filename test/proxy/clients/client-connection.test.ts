import { describe, expect, test } from "vitest";
import type { OpenClient } from "../../../proxy/clients/client-connections.ts";
import { eventually } from "../../support/eventually.ts";
import { OK, answer } from "../../support/origin.ts";
import { ClientsBed } from "./clients-fixture.ts";

/*
 * Goal: what a worker that has many connections may ask of one, and when one holds an exchange.
 * What clients see of it is in test/integration/http/. Method: one real socket, a real origin, and
 * time that the test turns.
 */

const GET = "GET / HTTP/1.1\r\nHost: web\r\n\r\n";
const NOBODY = "GET / HTTP/1.1\r\nHost: nobody\r\n\r\n";
/** More bytes than the buffers of two sockets and their kernel hold. */
const MORE_THAN_BUFFERS = 16 * 1024 * 1024;
const BULK_MS = 30_000;
const HALF = "GET / HTTP/1.1\r\nHo";

describe("ClientConnection", () => {
  test("is idle between requests, and neither in the middle of a head nor during one", async () => {
    const bed = await ClientsBed.start();
    const { client, connection } = await bed.open();
    const openedMs = bed.time.nowMs();
    expect(connection.idleSinceMs).toBe(openedMs);
    bed.time.advance(500);
    await client.send(GET).response();
    expect(connection.idleSinceMs).toBe(openedMs + 500);
    client.send(HALF);
    await eventually(() => expect(connection.idleSinceMs).toBeUndefined());
    bed.origin.onRequest = () => undefined;
    client.send("st: web\r\n\r\n");
    await eventually(() => expect(bed.origin.requests).toHaveLength(2));
    expect(connection.exchange?.pool?.version).toBe("v1");
    expect(connection.idleSinceMs).toBeUndefined();
    bed.origin.lastConnection.send(OK);
    await client.response();
    expect([connection.exchange, connection.idleSinceMs]).toEqual([undefined, openedMs + 500]);
  });

  test("has an exchange from the first byte of a request to the end of its answer", async () => {
    const bed = await ClientsBed.start();
    const { client } = await bed.open();
    expect(bed.exchanges.onLoan).toBe(0);
    client.send(HALF);
    await eventually(() => expect(bed.exchanges.onLoan).toBe(1));
    await client.send("st: web\r\n\r\n").response();
    expect(bed.exchanges.onLoan).toBe(0);
  });

  test.each([
    ["leaves inside a head", HALF],
    ["leaves during a request", GET],
    ["leaves inside a body", "POST / HTTP/1.1\r\nHost: web\r\nContent-Length: 9\r\n\r\nhalf"],
  ])("gives its exchange back when its client %s", async (_when, text) => {
    const bed = await ClientsBed.start();
    bed.origin.onRequest = () => undefined;
    const { client } = await bed.open();
    client.send(text);
    await eventually(() => expect(bed.exchanges.onLoan).toBe(1));
    client.reset();
    await eventually(() => expect(bed.exchanges.onLoan).toBe(0));
    await eventually(() => expect(bed.deps.connections.size).toBe(0));
  });

  test("gives its exchange back when it refuses a head or has waited too long", async () => {
    const bed = await ClientsBed.start({ headTimeout: "3s" });
    const wrong = await bed.open();
    expect((await wrong.client.send("GET / HTTP/1.1\r\n\r\n").response()).status).toBe(400);
    const late = await bed.open("web");
    late.client.send(HALF);
    await eventually(() => expect(bed.exchanges.onLoan).toBe(1));
    bed.time.advance(3_100);
    expect((await late.client.response()).status).toBe(408);
    expect(bed.exchanges.onLoan).toBe(0);
  });

  test.each([
    ["a request under way", GET],
    ["answers that it does not take", NOBODY],
  ])("stops its client behind %s, however much that sends", async (_what, text) => {
    const bed = await ClientsBed.start();
    bed.origin.onRequest = () => undefined;
    const { client } = await bed.open();
    client.pause();
    client.send(Buffer.alloc(MORE_THAN_BUFFERS, text));
    const before = process.memoryUsage().arrayBuffers;
    await bed.serveOthers();
    await eventually(() => expect(bed.exchanges.onLoan).toBe(text === GET ? 1 : 0));
    await bed.serveOthers();
    expect(client.socket.writableNeedDrain).toBe(true);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1024 * 1024);
  });

  test("begins no request while its client does not take the answers before", async () => {
    const bed = await ClientsBed.start();
    const body = "x".repeat(16 * 1024);
    const count = MORE_THAN_BUFFERS / body.length;
    bed.origin.onRequest = answer(
      `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    const { client, connection } = await bed.open();
    client.pause();
    client.send(GET.repeat(count));
    await eventually(() => expect(connection.transport.blocked).toBe(true));
    await bed.serveOthers();
    const begun = bed.origin.requests.length;
    expect([connection.exchange, begun < count]).toEqual([undefined, true]);
    await bed.serveOthers();
    expect(bed.origin.requests.length).toBe(begun);
    client.resume();
    // All of it goes through this process, which has others beside it.
    await eventually(() => expect(bed.origin.requests.length).toBe(count), BULK_MS);
  });
});

describe("ClientConnection.closeWhenIdle()", () => {
  test("ends a connection between requests by FIN, without a byte", async () => {
    const bed = await ClientsBed.start();
    const { client, connection } = await bed.open();
    connection.closeWhenIdle();
    expect([await client.ended(), client.text]).toEqual(["fin", ""]);
    client.finish();
    await eventually(() => expect(bed.deps.connections.size).toBe(0));
  });

  test("leaves a request alone that has begun, whose answer then announces the end", async () => {
    const bed = await ClientsBed.start();
    const { client, connection } = await bed.open();
    client.send(HALF);
    await eventually(() => expect(connection.idleSinceMs).toBeUndefined());
    bed.deps.connections.draining = true;
    connection.closeWhenIdle();
    const response = await client.send("st: web\r\n\r\n").response();
    expect([response.status, response.field("connection")]).toEqual([200, "close"]);
    expect(await client.ended()).toBe("fin");
  });
});

describe("ClientConnection.giveAway()", () => {
  test("gives the connection between requests, with the times of its last service", async () => {
    const bed = await ClientsBed.start({ headTimeout: "3s", idleTimeout: "7s" });
    const { client, connection } = await bed.open();
    await client.send(GET).response();
    const given = connection.giveAway();
    given?.handle.close();
    expect(given?.about).toEqual({
      kind: "idle",
      peer: connection.peer,
      service: undefined,
      held: undefined,
      isNew: false,
      headTimeoutMs: 3_000,
      idleTimeoutMs: 7_000,
    });
    expect(bed.deps.connections.size).toBe(0);
  });

  test("gives the half of a head along, and keeps no exchange for it", async () => {
    const bed = await ClientsBed.start();
    const { client, connection } = await bed.open("web");
    client.send(HALF);
    await eventually(() => expect(connection.idleSinceMs).toBeUndefined());
    const given = connection.giveAway();
    given?.handle.close();
    expect([given?.about.service, given?.about.held]).toEqual(["web", Buffer.from(HALF)]);
    expect(bed.exchanges.onLoan).toBe(0);
  });

  test("keeps the connection during a request", async () => {
    const bed = await ClientsBed.start();
    bed.origin.onRequest = () => undefined;
    const { client, connection } = await bed.open();
    client.send(GET);
    await eventually(() => expect(bed.origin.requests).toHaveLength(1));
    expect(connection.giveAway()).toBeUndefined();
    bed.origin.lastConnection.send(OK);
    expect((await client.response()).status).toBe(200);
  });
});

describe("ClientConnection.offer()", () => {
  test("offers itself after each exchange of a hand-over, and waits for goOn()", async () => {
    const bed = await ClientsBed.start();
    const offered: OpenClient[] = [];
    const { client, connection } = await bed.open();
    bed.deps.connections.onIdle = (each) => offered.push(each);
    client.send(GET.repeat(2));
    await client.response();
    await eventually(() => expect(offered.length).toBeGreaterThan(0));
    expect(new Set(offered)).toEqual(new Set([connection]));
    expect([bed.origin.requests.length, connection.exchange]).toEqual([1, undefined]);
    connection.goOn();
    expect((await client.response()).status).toBe(200);
    expect(bed.origin.requests).toHaveLength(2);
  });
});

describe("ClientConnection.exchange", () => {
  test("can be cut before its answer: the client gets 503 in its place", async () => {
    const bed = await ClientsBed.start();
    bed.origin.onRequest = () => undefined;
    const { client, connection } = await bed.open();
    client.send(GET);
    await eventually(() => expect(bed.origin.requests).toHaveLength(1));
    connection.exchange?.cut();
    expect((await client.response()).status).toBe(503);
    expect([connection.exchange, bed.exchanges.onLoan]).toEqual([undefined, 0]);
  });
});
