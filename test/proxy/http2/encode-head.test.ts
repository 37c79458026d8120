import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Field, fieldSet } from "../../../proxy/http1/field-names.ts";
import { RequestHead } from "../../../proxy/http1/request-head.ts";
import {
  fieldBlock,
  fieldLinesBlock,
  linesBlock,
  listBlock,
  requestBlock,
  statusBlock,
} from "../../../proxy/http2/encode-head.ts";
import { headerField } from "../../../proxy/http2/header-field.ts";
import { HeaderList } from "../../../proxy/http2/header-list.ts";
import { HpackDecoder } from "../../../proxy/http2/hpack-decoder.ts";
import { decodedRequest } from "../http1/decoded-fixture.ts";

function listOf(block: string): HeaderList {
  const list = new HeaderList(1 << 20, 1000);
  const bytes = Buffer.from(block, "latin1");
  expect(new HpackDecoder().decode(bytes, 0, bytes.length, list)).toBeUndefined();
  return list;
}

function linesOf(block: string): readonly string[] {
  return listOf(block).lines.split("\r\n").slice(0, -1);
}

const name = fc.stringMatching(/^[a-z0-9!#$%&'*+.^_`|~-]{1,40}$/);
const value = fc.uint8Array({ maxLength: 300 }).map((bytes) =>
  Buffer.from(bytes)
    .toString("latin1")
    .replaceAll(/[\r\n]/g, "")
    .trim(),
);

describe("What encode-head.ts writes", () => {
  test("is read as it was, whatever names and values are", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value), { maxLength: 20 }), (fields) => {
        const block = fields.map(([one, other]) => fieldBlock(one, other)).join("");
        const { list, count } = { list: listOf(block), count: fields.length };
        const read = Array.from({ length: count }, (_, at) => [
          list.at(at).name,
          list.at(at).value,
        ]);
        expect(read).toEqual(fields);
      }),
      { seed: 7541 },
    );
  });

  test("is the same the first time, the second, when it is short, and ever after", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value), { maxLength: 5 }), (fields) => {
        const lines = fields.map(([one, other]) => `x-${one}: ${other}\r\n`).join("");
        const first = linesOf(linesBlock(lines));
        for (let time = 0; time < 3; time += 1) expect(linesOf(linesBlock(lines))).toEqual(first);
        const list = listOf(linesBlock(lines));
        for (let time = 0; time < 3; time += 1) {
          expect(linesOf(listBlock(list, 0))).toEqual(first);
        }
      }),
      { seed: 9113, numRuns: 50 },
    );
  });
});

test("requestBlock() writes what RFC 9113 section 8.3.1 asks for", () => {
  expect(linesOf(requestBlock("GET", "http", "a.example:80", "/"))).toEqual([
    ":method: GET",
    ":scheme: http",
    ":authority: a.example:80",
    ":path: /",
  ]);
  expect(linesOf(requestBlock("CONNECT", "https", "a", "/chat?x", "websocket"))).toEqual([
    ":method: CONNECT",
    ":scheme: https",
    ":authority: a",
    ":path: /chat?x",
    ":protocol: websocket",
  ]);
});

test.each([200, 204, 302, 103, 599])("statusBlock() writes %d", (status) => {
  expect(linesOf(statusBlock(status))).toEqual([`:status: ${status}`]);
});

test("linesBlock() writes names in lower case, and nothing that is about a connection", () => {
  const lines =
    "Host: a\r\nConnection: close\r\nKeep-Alive: 1\r\nProxy-Connection: x\r\nTE: trailers\r\n" +
    "Transfer-Encoding: chunked\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\nX-Kept:  yes \r\n" +
    "Accept-Encoding: gzip, deflate\r\nEmpty:\r\n";
  expect(linesOf(linesBlock(lines))).toEqual([
    "x-kept: yes",
    "accept-encoding: gzip, deflate",
    "empty: ",
  ]);
});

test("fieldLinesBlock() leaves out what it is told, and what HTTP/2 has no place for", () => {
  const head = new RequestHead();
  const bytes = Buffer.from(
    "GET / HTTP/1.1\r\nHost: a\r\nVia: 1.1 x\r\nConnection: X-Hop\r\nX-Hop: 1\r\nAccept:\t*/*\r\n" +
      "Upgrade: h2c\r\n\r\n",
  );
  expect(head.parse(bytes, 0, bytes.length)).toBe(bytes.length);
  expect(linesOf(fieldLinesBlock(head.fields, fieldSet(Field.via)))).toEqual(["accept: */*"]);
});

test("fieldLinesBlock() keeps from tables what its sender wanted in none", () => {
  const head = new RequestHead();
  const fields = ["x-secret", "x-a"].map((each) => headerField(each, "1"));
  for (const field of fields) field.isSensitive = field.name === "x-secret";
  const list = { fields, count: 2 };
  expect(head.fill(decodedRequest({ list }), true, "")).toBe(true);
  const again = listOf(fieldLinesBlock(head.fields, 0));
  expect(again.lines).toBe("x-secret: 1\r\nx-a: 1\r\n");
  expect([again.at(0).isSensitive, again.at(1).isSensitive]).toEqual([true, false]);
});

test.each(["authorization", "proxy-authorization", "cookie", "set-cookie"])(
  "fieldBlock() and linesBlock() let nobody put %s into a table",
  (credential) => {
    for (const block of [fieldBlock(credential, "x"), linesBlock(`${credential}: x\r\n`)]) {
      expect(listOf(block).at(0).isSensitive).toBe(true);
      expect(linesBlock(`${credential}: x\r\n`)).toBe(block);
    }
  },
);

test("listBlock() keeps from tables what its sender wanted in none", () => {
  const list = listOf("\u0010\u0001a\u0001b\u0000\u0001c\u0001d");
  const again = listOf(listBlock(list, 0));
  expect([again.at(0).isSensitive, again.at(1).isSensitive]).toEqual([true, false]);
});
