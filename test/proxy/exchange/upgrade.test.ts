import { describe, expect, test } from "vitest";
import { isWebSocket, tunnelAfter } from "../../../proxy/exchange/upgrade.ts";
import { RequestHead } from "../../../proxy/http1/request-head.ts";
import { ResponseHead } from "../../../proxy/http1/response-head.ts";
import type { TunnelDeps } from "../../../proxy/tunnel/tunnel.ts";
import { serviceSnapshot } from "../table/service-fixture.ts";
import { TunnelBed } from "../tunnel/tunnel-fixture.ts";

const KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

type Head = { reset(): void; parse(bytes: Buffer, start: number, end: number): number };

function parsed<T extends Head>(head: T, text: string): T {
  const bytes = Buffer.from(text, "latin1");
  head.reset();
  expect(head.parse(bytes, 0, bytes.length)).toBe(bytes.length);
  return head;
}

/** Asks with the one value of Upgrade. "": without the field. */
function asking(upgrade: string): RequestHead {
  const fields = upgrade === "" ? "" : `Connection: upgrade\r\nUpgrade: ${upgrade}\r\n${KEY}`;
  return parsed(new RequestHead(), `GET / HTTP/1.1\r\nHost: web\r\n${fields}\r\n`);
}

/** A 101 to the other. "": it names no protocol. */
function switching(upgrade: string): ResponseHead {
  const fields = upgrade === "" ? "" : `Connection: upgrade\r\nUpgrade: ${upgrade}\r\n`;
  return parsed(new ResponseHead(), `HTTP/1.1 101 Switching\r\n${fields}\r\n`);
}

/** What becomes of a request and its 101, between these ends. */
function tunnelOf(
  asked: string,
  got: string,
  ends: { readonly client?: boolean; readonly upstream?: boolean; readonly done?: boolean } = {},
): TunnelDeps | undefined {
  const { client = true, upstream = true, done = true } = ends;
  const { end, connection, pool, time } = new TunnelBed();
  const { policy } = serviceSnapshot({ v1: 1 });
  const to = { pool, policy: { ...policy, tunnelIdleTimeoutMs: 7_000 } };
  return tunnelAfter(
    { head: asking(asked), request: { done }, to, wheel: time.wheel, sinceMs: 5 },
    { tunnelEnd: client ? end : undefined },
    { tunnelEnd: upstream ? connection : undefined },
    switching(got),
  );
}

describe("tunnelAfter()", () => {
  test("joins both ends, for as long as the route's policy lets a tunnel be silent", () => {
    expect(tunnelOf("websocket", "websocket")).toMatchObject({
      pool: { service: "web", version: "v1" },
      idleTimeoutMs: 7_000,
      sinceMs: 5,
    });
  });

  test.each([
    ["websocket", "WebSocket"],
    ["WebSocket", "websocket"],
    ["tcp-tunnel, websocket", "websocket"],
    ["websocket, tcp-tunnel", "TCP-Tunnel"],
  ])("takes a 101 that was asked for: asked %s, got %s", (asked, got) => {
    expect(tunnelOf(asked, got)).toBeDefined();
  });

  test.each([
    ["", "websocket"],
    ["websocket", ""],
    ["websocket", "tcp-tunnel"],
    ["websocket", "websocket, tcp-tunnel"],
    ["websocket", "web"],
  ])("refuses a 101 that nobody asked for: asked '%s', got '%s'", (asked, got) => {
    expect(tunnelOf(asked, got)).toBeUndefined();
  });

  test("refuses before the request is complete: the rest of it would go into the tunnel", () => {
    expect(tunnelOf("websocket", "websocket", { done: false })).toBeUndefined();
  });

  test("refuses where one side cannot be the end of a tunnel", () => {
    expect(tunnelOf("websocket", "websocket", { client: false })).toBeUndefined();
    expect(tunnelOf("websocket", "websocket", { upstream: false })).toBeUndefined();
  });

  test("follows messages where the protocol is WebSocket, however it was asked for", () => {
    expect(tunnelOf("WebSocket", "WEBSOCKET")?.frames).toBeDefined();
    expect(tunnelOf("tcp-tunnel, websocket", "websocket")?.frames).toBeDefined();
    expect(tunnelOf("tcp-tunnel", "tcp-tunnel")?.frames).toBeUndefined();
    expect(tunnelOf("tcp-tunnel, websocket", "tcp-tunnel")?.frames).toBeUndefined();
  });
});

test("isWebSocket() finds the protocol in any case, alone or among others", () => {
  const named = ["websocket", "WebSocket", "WEBSOCKET", "tcp-tunnel, WebSocket"];
  expect(named.every(isWebSocket)).toBe(true);
  expect([undefined, "", "websockets", "tcp-tunnel"].some(isWebSocket)).toBe(false);
});
