import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { OK, answer } from "../../support/origin.ts";
import { DataPlane, head, responseOf, serviceAt } from "./data-plane.ts";
import { StalledListener } from "../../support/stalled-listener.ts";

const GET = head("GET / HTTP/1.1", "Host: web");
const PUT = head("PUT / HTTP/1.1", "Host: web", "Content-Length: 1000000");

/**
 * All the times of the service `web`: short enough to wait for, and 100 ms (the clock's grain)
 * apart.
 */
const TIMES = {
  headTimeout: "400ms",
  idleTimeout: "600ms",
  stallTimeout: "500ms",
  timeout: "1500ms",
} as const;

/** More than all buffers between two sockets hold. */
const BULK = "x".repeat(16 * 1024 * 1024);

describe("connections and time (RFC 9112 9)", () => {
  let plane: DataPlane;
  let stalled: StalledListener;

  beforeAll(async () => {
    stalled = await StalledListener.start();
    const retries = { attempts: 0 };
    const hangs = serviceAt([stalled.address], {
      retries,
      connectTimeout: "60s",
      limits: { connections: 1 },
    });
    const listeners = [{ bind: "127.0.0.1:0", service: "web" }, { bind: "127.0.0.2:0" }];
    plane = await DataPlane.start({ ...TIMES, retries }, { listeners, services: { hangs } });
  });
  afterEach(() => plane.endTest());
  afterAll(async () => {
    stalled[Symbol.dispose]();
    await plane[Symbol.asyncDispose]();
  });

  test("a head that is not whole in time gets 408 (9110 15.5.9)", async () => {
    const client = await plane.open();
    client.send("GET / HTTP/1.1\r\nHost: w");
    const response = await client.response();
    expect(response.status).toBe(408);
    expect(response.body).toContain("head-timeout");
    expect(await client.ended()).toBe("fin");
  });

  test("a head that drips gets no more time for it (Slowloris)", async () => {
    const client = await plane.open();
    const startedMs = performance.now();
    client.send("GET / HTTP/1.1\r\nHost: web\r\n");
    const drip = setInterval(() => client.send("X-A: b\r\n"), 50);
    const response = await client.response().finally(() => clearInterval(drip));
    expect(response.status).toBe(408);
    expect(performance.now() - startedMs).toBeLessThan(1500);
    expect(await client.ended()).not.toBe("open");
  });

  test("a connection on which nothing came is closed without a byte", async () => {
    const client = await plane.open();
    expect(await client.ended()).toBe("fin");
    expect(client.text).toBe("");
  });

  test("an idle kept-alive connection is closed without a byte (9112 9.6)", async () => {
    const client = await plane.open();
    expect((await client.send(GET).response()).body).toBe("ok");
    const startedMs = performance.now();
    expect(await client.ended()).toBe("fin");
    expect(client.text).toBe("");
    expect(performance.now() - startedMs).toBeGreaterThan(400);
  });

  test("a body that stalls gets 408, its upstream is destroyed (9112 9.5)", async () => {
    const client = await plane.open();
    client.send(PUT).send("some of it");
    const response = await client.response();
    expect(response.status).toBe(408);
    expect(response.body).toContain("body-timeout");
    expect(await client.ended()).toBe("fin");
    await eventually(() => expect(plane.origin.lastConnection.fate).not.toBe("open"));
    expect(plane.origin.requests).toHaveLength(0);
  });

  test("a body that drips longer than the timeout gets 408 as well", async () => {
    const client = await plane.open();
    client.send(PUT);
    const drip = setInterval(() => client.send("x"), 50);
    const response = await client.response().finally(() => clearInterval(drip));
    expect(response.status).toBe(408);
    await eventually(() => expect(plane.origin.lastConnection.fate).not.toBe("open"));
  });

  test("an upstream that takes nothing of a body gets the blame: 504", async () => {
    // A busy machine keeps this process from sending for half a second now and then.
    const times = { ...TIMES, stallTimeout: "2s", timeout: "4s", retries: { attempts: 0 } };
    await using patient = await DataPlane.start(times);
    patient.origin.onHead = ({ socket }) => socket.pause();
    const client = await patient.open();
    client.send(head("PUT / HTTP/1.1", "Host: web", `Content-Length: ${BULK.length}`)).send(BULK);
    const response = await client.response();
    expect(response.status).toBe(504);
    expect(response.field("proxy-status")).toBe("sluice; error=http_response_timeout");
  });

  test("no answer in time: 504, the upstream is destroyed (9110 15.6.5)", async () => {
    plane.origin.onRequest = () => undefined;
    const client = await plane.open();
    const response = await client.send(GET).response();
    expect(response.status).toBe(504);
    expect(response.field("proxy-status")).toBe("sluice; error=http_response_timeout");
    await eventually(() => expect(plane.origin.lastConnection.fate).not.toBe("open"));
    plane.origin.onRequest = answer(OK);
    expect((await client.send(GET).response()).body).toBe("ok");
  });

  test("an answer whose head drips: 504", async () => {
    plane.origin.onRequest = (connection) => {
      connection.send("HTTP/1.1 200 OK\r\n");
      const drip = setInterval(() => connection.send("X-A: b\r\n"), 50);
      connection.socket.on("close", () => clearInterval(drip));
    };
    const client = await plane.open();
    expect((await client.send(GET).response()).status).toBe(504);
    await eventually(() => expect(plane.origin.lastConnection.fate).not.toBe("open"));
  });

  test("an answer that stalls in its body resets the client", async () => {
    plane.origin.onRequest = answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    const client = await plane.open();
    await client.send(GET).until("half");
    expect(await client.ended()).toBe("reset");
    await eventually(() => expect(plane.origin.lastConnection.fate).not.toBe("open"));
  });

  test("an answer that stalls at once after its head resets the client", async () => {
    plane.origin.onRequest = answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n");
    const client = await plane.open();
    client.send(GET);
    expect(await client.ended()).toBe("reset");
  });

  test("a client that takes nothing is cut; the endpoint gets no blame for it", async () => {
    plane.origin.onRequest = answer(responseOf("200 OK", BULK));
    const before = await plane.attempts("timeout");
    const client = await plane.open();
    client.pause();
    client.send(GET);
    await eventually(() => expect(plane.origin.lastConnection.fate).not.toBe("open"));
    expect(await plane.attempts("timeout")).toBe(before);
    client.resume();
    expect(await client.ended()).toBe("reset");
  });

  test("the end of an answer is not cut off by the linger of 2 s", async () => {
    // Like a close-delimited answer to HTTP/1.0: only the end of the connection ends it.
    plane.origin.onRequest = answer(responseOf("200 OK", BULK));
    const client = await plane.open();
    client.send("GET / HTTP/1.0\r\nHost: web\r\n\r\n");
    expect((await client.response()).body).toHaveLength(BULK.length);
    expect(await client.ended()).toBe("fin");
  });

  test("an exchange that waits for a connection, or connects, ends with its client", async () => {
    const other = { host: "127.0.0.2", port: plane.sidecar.ports[1] as number };
    const request = head("GET / HTTP/1.1", "Host: hangs");
    const connecting = await plane.open(other);
    connecting.send(request);
    await eventually(async () => expect(await plane.inFlight("hangs")).toBe(1));
    const waiting = await plane.open(other);
    waiting.send(request);
    await eventually(async () => expect(await plane.exchangesOpen("hangs")).toBe(2));
    connecting.reset();
    // The one that waited is now connecting.
    await eventually(async () => expect(await plane.exchangesOpen("hangs")).toBe(1));
    await eventually(async () => expect(await plane.inFlight("hangs")).toBe(1));
    waiting.reset();
    await eventually(async () => expect(await plane.inFlight("hangs")).toBe(0));
  });

  test("what is unread is drained, so that the client gets its 4xx (9112 9.6)", async () => {
    const client = await plane.open();
    client.send(`GET / HTTP/1.1\r\nHost: a b\r\n\r\n${"x".repeat(60_000)}`);
    expect((await client.response()).status).toBe(400);
    expect(await client.ended()).toBe("fin");
  });

  test("a client that goes on sending after a refusal is read to its end", async () => {
    const client = await plane.open();
    client.send("BAD\r\n\r\n");
    expect((await client.response()).status).toBe(400);
    await new Promise<void>((resolve) => void client.socket.write(BULK, () => resolve()));
    client.finish();
    expect(await client.closed()).toBe("fin");
  });

  test("a client that neither closes nor sends after a refusal is let go after 2 s", async () => {
    const client = await plane.open();
    client.send("BAD\r\n\r\n");
    expect(await client.ended()).toBe("fin");
    await eventually(async () => expect(await plane.connectionsOpen()).toBe(0));
  });

  test("answers a plain GET after all of that", () => plane.expectAlive());
});
