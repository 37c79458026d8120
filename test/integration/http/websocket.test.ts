import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { OK, answer } from "../../support/origin.ts";
import type { RawSocket } from "../../support/raw-socket.ts";
import { exchangeRaw } from "../../support/raw-socket.ts";
import { DataPlane, head, responseOf } from "./data-plane.ts";

const KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
const VERSION = "Sec-WebSocket-Version: 13";
const ASKS = ["Connection: Upgrade", "Upgrade: websocket"] as const;
const SWITCH = head(
  "HTTP/1.1 101 Switching Protocols",
  "Connection: Upgrade",
  "Upgrade: WebSocket",
);
/** More than all buffers between two sockets hold. */
const BULK_BYTES = 32 * 1024 * 1024;

/** A WebSocket handshake with these lines instead of the usual ones. */
function handshake(...lines: readonly string[]): string {
  return head(
    "GET /ws HTTP/1.1",
    "Host: web",
    ...(lines.length > 0 ? lines : [...ASKS, KEY, VERSION]),
  );
}

describe("WebSocket and other upgrades (RFC 6455 4.2, 9110 7.8)", () => {
  let plane: DataPlane;

  beforeAll(async () => {
    plane = await DataPlane.start({ timeout: "1s", tunnelIdleTimeout: "3s" });
  });
  afterEach(() => plane.endTest());
  afterAll(() => plane[Symbol.asyncDispose]());

  /** A client with an open tunnel to the origin. */
  async function tunnel(): Promise<RawSocket> {
    plane.origin.onRequest = answer(SWITCH);
    const client = await plane.open();
    expect((await client.send(handshake()).response()).status).toBe(101);
    return client;
  }

  test("the handshake goes up, 101 comes back, then bytes go both ways", async () => {
    const client = await tunnel();
    const request = plane.origin.requests[0];
    expect(request?.field("connection")).toBe("Upgrade");
    expect(request?.field("upgrade")).toBe("websocket");
    expect(request?.text).toContain(`${KEY}\r\n`);
    client.send("\x81\x85from client");
    await eventually(() => expect(plane.origin.lastConnection.received).toContain("from client"));
    plane.origin.lastConnection.send("\x81\x05from origin\r\n\r\nGET");
    await client.until("from origin\r\n\r\nGET");
    expect(client.text).toBe("\x81\x05from origin\r\n\r\nGET");
  });

  test("the 101 is the client's: Upgrade and Connection as they must be", async () => {
    plane.origin.onRequest = answer(SWITCH);
    const client = await plane.open();
    const response = await client.send(handshake()).response();
    expect(response.field("upgrade")).toBe("WebSocket");
    expect(response.field("connection")).toBe("Upgrade");
    expect(response.field("content-length")).toBeUndefined();
  });

  test("bytes sent with the handshake, and behind the 101, are not lost", async () => {
    plane.origin.onRequest = answer(`${SWITCH}hello`);
    const client = await plane.open();
    client.send(`${handshake()}early`);
    expect((await client.response()).status).toBe(101);
    await client.until("hello");
    await eventually(() =>
      expect(plane.origin.lastConnection.received.endsWith("early")).toBe(true),
    );
  });

  test("a tunnel outlives the timeout of exchanges", async () => {
    const client = await tunnel();
    const endMs = performance.now() + 1300;
    for (let pings = 1; performance.now() < endMs; pings += 1) {
      client.send(`ping ${pings}.`);
      await eventually(() => expect(plane.origin.lastConnection.received).toContain(` ${pings}.`));
    }
    expect(client.fate).toBe("open");
  });

  test("a tunnel that is silent for tunnelIdleTimeout ends", async () => {
    const client = await tunnel();
    expect(await client.ended()).not.toBe("open");
    await eventually(() => expect(plane.origin.lastConnection.fate).not.toBe("open"));
  });

  test("it is counted as a tunnel while it is open", async () => {
    const client = await tunnel();
    expect(await plane.tunnelsOpen()).toBe(1);
    client.close();
    await eventually(async () => expect(await plane.tunnelsOpen()).toBe(0));
  });

  test("the client's FIN is passed on, and what the origin then sends", async () => {
    plane.origin.onEnd = () => undefined;
    const client = await tunnel();
    client.send("bye").finish();
    await eventually(() => expect(plane.origin.lastConnection.fate).toBe("fin"));
    expect(plane.origin.lastConnection.received.endsWith("bye")).toBe(true);
    plane.origin.lastConnection.send("last words").socket.end();
    await client.until("last words");
    expect(await client.ended()).toBe("fin");
  });

  test("the origin's FIN is passed on, and what the client then sends", async () => {
    const client = await tunnel();
    plane.origin.lastConnection.send("bye").socket.end();
    expect(await client.ended()).toBe("fin");
    expect(client.text).toBe("bye");
    client.send("last words").finish();
    await eventually(() =>
      expect(plane.origin.lastConnection.received.endsWith("last words")).toBe(true),
    );
  });

  test("a FIN that comes before the 101 is passed on, too", async () => {
    plane.origin.onRequest = () => undefined;
    plane.origin.onEnd = () => undefined;
    const client = await plane.open();
    client.send(handshake()).finish();
    await eventually(() => expect(plane.origin.requests).toHaveLength(1));
    await plane.services();
    plane.origin.lastConnection.send(SWITCH);
    await eventually(() => expect(plane.origin.lastConnection.fate).toBe("fin"));
    plane.origin.lastConnection.send("still here").socket.end();
    await client.until("still here");
  });

  test("a reset of the client is the origin's end", async () => {
    const client = await tunnel();
    client.reset();
    await eventually(() => expect(plane.origin.lastConnection.fate).not.toBe("open"));
  });

  test("a reset of the origin is the client's end", async () => {
    const client = await tunnel();
    plane.origin.lastConnection.socket.resetAndDestroy();
    expect(await client.ended()).not.toBe("open");
  });

  test("all of it arrives though the sender ends and the reader is slow", async () => {
    const client = await tunnel();
    client.finish();
    client.pause();
    plane.origin.onEnd = () => undefined;
    plane.origin.lastConnection.socket.end(Buffer.alloc(BULK_BYTES, "x"));
    // The worker gets its turns while the client takes nothing.
    for (let turns = 0; turns < 20; turns += 1) await plane.services();
    client.resume();
    expect(await client.ended()).toBe("fin");
    expect(client.text).toHaveLength(BULK_BYTES);
  });

  test("a slow reader stops the writer", async () => {
    const client = await tunnel();
    plane.origin.lastConnection.socket.pause();
    client.send(Buffer.alloc(BULK_BYTES, "y"));
    for (let turns = 0; turns < 20; turns += 1) await plane.services();
    expect(client.socket.writableLength).toBeGreaterThan(0);
    plane.origin.lastConnection.socket.resume();
    await eventually(() => {
      expect(plane.origin.lastConnection.received.length).toBeGreaterThan(BULK_BYTES);
    });
  });

  test.each([
    ["no key", handshake(...ASKS, VERSION), 400],
    [
      "a key of 15 bytes",
      handshake(...ASKS, "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAA", VERSION),
      400,
    ],
    ["two keys", handshake(...ASKS, KEY, KEY, VERSION), 400],
    ["another version", handshake(...ASKS, KEY, "Sec-WebSocket-Version: 8"), 426],
    ["no version", handshake(...ASKS, KEY), 426],
    ["POST", handshake(...ASKS, KEY, VERSION).replace("GET", "POST"), 400],
  ])("refused: %s", async (_name, bytes, status) => {
    const { response } = await exchangeRaw(plane.target(), bytes);
    expect(response.status).toBe(status);
    expect(response.field("sec-websocket-version")).toBe(status === 426 ? "13" : undefined);
    expect(plane.origin.connections).toHaveLength(0);
  });

  test.each([
    ["without Connection: Upgrade", handshake("Upgrade: websocket", KEY, VERSION)],
    ["in HTTP/1.0", handshake(...ASKS, KEY, VERSION).replace("HTTP/1.1", "HTTP/1.0")],
    [
      "to h2c, which would be a way round us",
      handshake("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c"),
    ],
  ])("an upgrade %s is an ordinary request", async (_name, bytes) => {
    const { response } = await exchangeRaw(plane.target(), bytes);
    expect(response.body).toBe("ok");
    expect(plane.origin.requests[0]?.field("upgrade")).toBeUndefined();
    expect(plane.origin.requests[0]?.field("connection")).toBeUndefined();
  });

  test.each([
    ["101 that nobody asked for (9110 15.2.2)", head("GET / HTTP/1.1", "Host: web"), SWITCH],
    ["101 to another protocol", handshake(), SWITCH.replace("WebSocket", "h2c")],
    ["101 to no protocol", handshake(), head("HTTP/1.1 101 Switching", "Connection: Upgrade")],
  ])("502: %s", async (_name, request, bytes) => {
    plane.origin.onRequest = answer(`${bytes}not a tunnel`);
    const client = await plane.open();
    const response = await client.send(request).response();
    expect(response.status).toBe(502);
    expect(response.field("proxy-status")).toBe("sluice; error=http_upgrade_failed");
    await eventually(() => expect(plane.origin.lastConnection.fate).not.toBe("open"));
  });

  test("the origin may choose one of several protocols", async () => {
    plane.origin.onRequest = answer(
      head("HTTP/1.1 101 Switching", "Connection: Upgrade", "Upgrade: b"),
    );
    const client = await plane.open();
    client.send(handshake("Connection: Upgrade", "Upgrade: a, B"));
    expect((await client.response()).field("upgrade")).toBe("b");
  });

  test("an upgrade that is declined is HTTP, and so is what follows (CVE-2026-2833)", async () => {
    plane.origin.onRequest = answer(responseOf("426 No", "declined"));
    const client = await plane.open();
    client.send(handshake() + head("GET /next HTTP/1.1", "Host: a b"));
    expect((await client.response()).body).toBe("declined");
    expect((await client.response()).status).toBe(400);
    expect(plane.origin.lastConnection.received).not.toContain("/next");
  });

  test("a declined upgrade leaves both connections fit for more", async () => {
    const client = await plane.open();
    expect((await client.send(handshake()).response()).body).toBe("ok");
    expect((await client.send(head("GET / HTTP/1.1", "Host: web")).response()).body).toBe("ok");
    expect(plane.origin.connections).toHaveLength(1);
    plane.origin.onRequest = answer(OK);
  });

  test("answers a plain GET after all of that", () => plane.expectAlive());
});
