import { expect, test } from "vitest";
import {
  answerBlock,
  interimBlock,
  responseBlock,
} from "../../../proxy/clients/response-blocks.ts";
import { OutgoingResponse } from "../../../proxy/http1/outgoing-response.ts";
import { viaLines } from "../../../proxy/http1/rewrite-response.ts";
import { HeaderList } from "../../../proxy/http2/header-list.ts";
import { HpackDecoder } from "../../../proxy/http2/hpack-decoder.ts";
import { responseHeadOf } from "../http1/fields-fixture.ts";

/** The fields in a header block, as `name: value`. */
function read(block: string): string[] {
  const list = new HeaderList(65_536, 100);
  const bytes = Buffer.from(block, "latin1");
  expect(new HpackDecoder().decode(bytes, 0, bytes.length, list)).toBeUndefined();
  return Array.from({ length: list.count }, (_, index) => {
    const { name, value } = list.at(index);
    return `${name}: ${value}`;
  });
}

function outgoing(...lines: readonly string[]): OutgoingResponse {
  const response = new OutgoingResponse();
  response.begin(responseHeadOf(...lines));
  response.via = viaLines("sluice");
  response.date = "today";
  return response;
}

test("responseBlock() has what came and what we add, and nothing of HTTP/1.1", () => {
  const response = outgoing("HTTP/1.1 404 No", "X-A: 1", "Keep-Alive: 5", "Upgrade: x");
  response.extra = "Set-Cookie: a=b\r\n";
  response.connection = "close";
  response.framing = "chunked";
  expect(read(responseBlock(response))).toEqual([
    ":status: 404",
    "x-a: 1",
    "via: 1.1 sluice",
    "date: today",
    "set-cookie: a=b",
  ]);
});

test("responseBlock() has what filters made of it", () => {
  const response = outgoing("HTTP/1.1 200 OK");
  response.edit("HTTP/1.1 200 OK\r\nX-B: 2\r\nConnection: close\r\n\r\n");
  expect(read(responseBlock(response))).toEqual([":status: 200", "x-b: 2"]);
});

test("responseBlock() of a 101 is a 200 without what answers a key", () => {
  const lines = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Accept: x", "X-A: 1"];
  const response = outgoing("HTTP/1.1 101 S", ...lines);
  expect(read(responseBlock(response))).toEqual([":status: 200", "x-a: 1", "via: 1.1 sluice"]);
});

test("interimBlock() and answerBlock() are heads of their own", () => {
  const head = responseHeadOf("HTTP/1.1 103 Early", "Link: </a>", "Content-Length: 3");
  expect(read(interimBlock(head, viaLines("sluice")))).toEqual([
    ":status: 103",
    "link: </a>",
    "via: 1.1 sluice",
  ]);
  const answer = {
    status: 426,
    fields: "A: 1\r\nUpgrade: websocket\r\n",
    connection: "",
    body: "",
  };
  expect(read(answerBlock(answer))).toEqual([":status: 426", "a: 1"]);
});
