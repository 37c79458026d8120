import { describe, expect, test } from "vitest";
import { MORE, REFUSED } from "../../../proxy/http1/limits.ts";
import { ResponseHead } from "../../../proxy/http1/response-head.ts";

function parse(text: string): ResponseHead {
  const head = new ResponseHead();
  const bytes = Buffer.from(text, "latin1");
  head.reset();
  head.parse(bytes, 0, bytes.length);
  return head;
}

const ok = (fields: string): string => `HTTP/1.1 200 OK\r\n${fields}\r\n\r\n`;

const REFUSED_HEADS = [
  ["status-line-invalid", "SSH-2.0-x\r\n\r\n"],
  ["status-line-invalid", "\r\nHTTP/1.1 200 OK\r\n\r\n"],
  ["status-line-invalid", "HTTP/2.0 200 OK\r\n\r\n"],
  ["status-line-invalid", "HTTP/1.1 099 Low\r\n\r\n"],
  ["status-line-invalid", "HTTP/1.1 600 High\r\n\r\n"],
  ["status-line-invalid", "HTTP/1.1 1000 High\r\n\r\n"],
  ["status-line-invalid", "HTTP/1.1 20 Short\r\n\r\n"],
  ["status-line-invalid", "HTTP/1.1  200 OK\r\n\r\n"],
  ["status-line-invalid", "HTTP/1.1 200 O\0K\r\n\r\n"],
  ["status-line-invalid", "HTTP/1.1 200 OK\nX: y\r\n\r\n"],
  ["field-value-invalid", ok("X: \0")],
  ["field-name-invalid", ok("X : y")],
  ["line-folding", ok("X: y\r\n z")],
  ["content-length-with-chunked", ok("Content-Length: 1\r\nTransfer-Encoding: chunked")],
  ["equal-content-length-twice", ok("Content-Length: 1\r\nContent-Length: 1")],
  ["equal-content-length-twice", ok("Content-Length: 1 ,\t1")],
  ["length-twice", ok("Content-Length: 1\r\nContent-Length: 01")],
  ["length-invalid", ok("Content-Length: 1, 2")],
  ["length-invalid", ok("Content-Length: 1,")],
  ["length-invalid", ok("Content-Length: -1")],
  ["transfer-encoding-invalid", ok("Transfer-Encoding: gzip, chunked")],
  ["transfer-encoding-invalid", ok("Transfer-Encoding: chunked\t")],
  ["transfer-encoding-invalid", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"],
] as const;

describe("ResponseHead.parse()", () => {
  test.for(REFUSED_HEADS)("refuses, however it is cut: %s %j", ([reason, text]) => {
    const bytes = Buffer.from(text, "latin1");
    const head = new ResponseHead();
    for (let cut = 0; cut < bytes.length; cut += 1) {
      head.reset();
      const first = head.parse(bytes, 0, cut);
      expect(first === MORE ? head.parse(bytes, 0, bytes.length) : first).toBe(REFUSED);
      expect(head.refusal?.reason).toBe(reason);
    }
  });

  test("refuses a head over 64 KiB", () => {
    expect(parse(ok(`X: ${"y".repeat(64 * 1024)}`)).refusal?.reason).toBe("head-too-large");
    expect(parse(ok(`X: ${"y".repeat(60 * 1024)}`)).refusal).toBeUndefined();
  });

  test("reads a head that is cut anywhere, and leaves the body alone", () => {
    const text = ok("Content-Length: 4\r\nX: a\r\nx: b");
    const bytes = Buffer.from(`${text}BODY`, "latin1");
    const head = new ResponseHead();
    for (let cut = 0; cut <= text.length; cut += 1) {
      head.reset();
      const first = head.parse(bytes, 0, cut);
      expect(first === MORE ? head.parse(bytes, 0, bytes.length) : first).toBe(text.length);
      expect([head.status, head.contentLength, head.keepAlive]).toEqual([200, 4, true]);
      expect(head.header("x")).toBe("a, b");
    }
  });

  test.for([
    ["HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n", "length", "none"],
    ["HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n", "chunked", "none"],
    ["HTTP/1.1 200\r\n\r\n", "close", "none"],
    ["HTTP/1.1 103 Early\r\nContent-Length: 4\r\n\r\n", "none", "none"],
    ["HTTP/1.1 204 No\r\nContent-Length: 4\r\n\r\n", "none", "none"],
    ["HTTP/1.1 304 Not\r\nTransfer-Encoding: chunked\r\n\r\n", "none", "none"],
  ] as const)("%j: framing %s, for HEAD %s", ([text, framing, framingForHead]) => {
    const head = parse(text);
    expect([head.framingFor(false), head.framingFor(true)]).toEqual([framing, framingForHead]);
  });

  test.for(["HTTP/1.1", "HTTP/1.0"])("takes a 1xx of %s, with Connection: close too", (version) => {
    for (const status of [100, 101, 103]) {
      const head = parse(`${version} ${status} Go\r\nConnection: close\r\nUpgrade: x\r\n\r\n`);
      expect([head.refusal, head.status, head.keepAlive]).toEqual([undefined, status, false]);
    }
  });

  test("gives the protocols of a 101 and of a 426 only", () => {
    expect(parse("HTTP/1.1 101 S\r\nUpgrade: x\r\n\r\n").upgrade).toBe("x");
    expect(parse("HTTP/1.1 426 S\r\nUpgrade: x\r\nupgrade: y\r\n\r\n").upgrade).toBe("x, y");
    expect(parse("HTTP/1.1 101 S\r\n\r\n").upgrade).toBeUndefined();
    expect(parse(ok("Upgrade: x")).upgrade).toBeUndefined();
  });

  test("wants to go on by version and Connection", () => {
    expect(parse(ok("Connection: close")).keepAlive).toBe(false);
    expect(parse("HTTP/1.0 200 OK\r\n\r\n").keepAlive).toBe(false);
    expect(parse("HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n\r\n").keepAlive).toBe(true);
  });
});
