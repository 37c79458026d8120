import { expect, test } from "vitest";
import { HeaderList } from "../../../proxy/http2/header-list.ts";
import { HpackDecoder } from "../../../proxy/http2/hpack-decoder.ts";
import type { OutgoingRequest } from "../../../proxy/http1/outgoing-request.ts";
import { blockOf, protocolOf } from "../../../proxy/upstream/request-block.ts";
import { outgoing } from "./stream-fixture.ts";

/** The fields of a block, as lines. */
function linesOf(request: OutgoingRequest, scheme: "http" | "https" = "http"): readonly string[] {
  const block = Buffer.from(blockOf(request, scheme), "latin1");
  const list = new HeaderList(16_384, 64);
  expect(new HpackDecoder().decode(block, 0, block.length, list)).toBe(undefined);
  return list.fields.slice(0, list.count).map(({ name, value }) => `${name}: ${value}`);
}

test("blockOf() says what was asked for, in lower case, without what is about a connection", () => {
  const text =
    "GET /a?b=c HTTP/1.1\r\nHost: shop.example:8080\r\nX-One: 1\r\nConnection: x-gone\r\n" +
    "X-Gone: 2\r\nKeep-Alive: timeout=1\r\nTransfer-Encoding: chunked\r\n\r\n";
  const lines = linesOf(outgoing(text), "https");
  expect(lines.slice(0, 5)).toEqual([
    ":method: GET",
    ":scheme: https",
    ":authority: shop.example:8080",
    ":path: /a?b=c",
    "x-one: 1",
  ]);
  expect(lines.join("\n")).not.toMatch(/^host:|connection|x-gone|keep-alive|transfer-encoding/m);
});

test("blockOf() takes trailers where the client does", () => {
  const text = "POST / HTTP/1.1\r\nHost: a\r\nConnection: te\r\nTE: trailers, gzip\r\n\r\n";
  expect(linesOf(outgoing(text)).filter((line) => line.startsWith("te"))).toEqual(["te: trailers"]);
});

test("blockOf() sends what a filter has made of the fields", () => {
  const request = outgoing();
  request.edit("GET /x HTTP/1.1\r\nHost: web\r\nX-Filter: yes\r\nConnection: TE\r\n\r\n");
  expect(linesOf(request).slice(4)).toEqual(["x-filter: yes"]);
});

const HANDSHAKE =
  "GET /chat HTTP/1.1\r\nHost: web\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

test("blockOf() makes an extended CONNECT of a WebSocket's handshake (RFC 8441)", () => {
  const request = outgoing(HANDSHAKE);
  expect(protocolOf(request)).toBe("websocket");
  const lines = linesOf(request);
  expect(lines).toContain(":method: CONNECT");
  expect(lines).toContain(":protocol: websocket");
  expect(lines).toContain("sec-websocket-version: 13");
  expect(lines.join("\n")).not.toMatch(/key|upgrade/);
  request.edit(HANDSHAKE);
  expect(linesOf(request).join("\n")).not.toMatch(/key|upgrade/);
});

test("protocolOf() knows no other protocol to change to", () => {
  const text = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";
  expect(protocolOf(outgoing(text))).toBe("");
  expect(linesOf(outgoing(text))).toContain(":method: GET");
});
