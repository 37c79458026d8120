import { describe, expect, test } from "vitest";
import { EMPTY_LINES_MAX, FIELDS_MAX, MORE } from "../../../proxy/http1/limits.ts";
import { REFUSALS } from "../../../proxy/http1/refusal.ts";
import type { RejectReason } from "../../../proxy/http1/refusal.ts";
import { RequestHead } from "../../../proxy/http1/request-head.ts";

function parse(text: string): RequestHead {
  const head = new RequestHead();
  const bytes = Buffer.from(text, "latin1");
  head.reset();
  head.parse(bytes, 0, bytes.length);
  return head;
}

/** Why it is refused, given whole, in two parts cut anywhere, and byte by byte. */
function reasonsOf(text: string): (RejectReason | undefined)[] {
  const bytes = Buffer.from(text, "latin1");
  const head = new RequestHead();
  const reasons = new Set<RejectReason | undefined>();
  for (let cut = 0; cut < bytes.length; cut += 1) {
    head.reset();
    if (head.parse(bytes, 0, cut) === MORE) {
      head.parse(bytes, 0, bytes.length);
    }
    reasons.add(head.refusal?.reason);
  }
  head.reset();
  for (let end = 1, length = MORE as number; end <= bytes.length && length === MORE; end += 1) {
    length = head.parse(bytes, 0, end);
  }
  return [...reasons.add(head.refusal?.reason)];
}

const post = (fields: string): string => `POST / HTTP/1.1\r\nHost: a\r\n${fields}\r\n\r\n`;
const get = (fields: string): string => `GET / HTTP/1.1\r\nHost: a\r\n${fields}\r\n\r\n`;
const withFields = (count: number): string => get("X: y\r\n".repeat(count - 1).slice(0, -2));
const withHost = (host: string): string => `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
const line = (text: string): string => `${text}\r\nHost: a\r\n\r\n`;

const REFUSED_HEADS: readonly (readonly [RejectReason, string])[] = [
  // Request line and target: RFC 9112 3
  ["bare-line-feed", "GET / HTTP/1.1\nHost: a\r\n\r\n"],
  ["bare-line-feed", "GET / HTTP/1.1\r\nHost: a\n\r\n"],
  ["bare-line-feed", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n".slice(0, 1)],
  ["bare-carriage-return", "GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n"],
  ["bare-carriage-return", "\rGET / HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["bare-carriage-return", "GET / HTTP/1.1\r\nHost: a\r\n\rX: y\r\n\r\n"],
  ["version-invalid", "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n"],
  ["line-folding", "GET / HTTP/1.1\r\n Host: a\r\n\r\n"],
  ["too-many-empty-lines", `${"\r\n".repeat(EMPTY_LINES_MAX + 1)}GET / HTTP/1.1\r\n`],
  ["target-invalid", line("GET  / HTTP/1.1")],
  ["version-invalid", line("GET /  HTTP/1.1")],
  ["method-invalid", line("GET\t/ HTTP/1.1")],
  ["target-invalid", line("GET /\v HTTP/1.1")],
  ["target-invalid", line("GET /\u00e9 HTTP/1.1")],
  ["target-invalid", line("GET /\u007f HTTP/1.1")],
  ["target-invalid", line("GET /a#b HTTP/1.1")],
  ["target-invalid", line("GET a HTTP/1.1")],
  ["target-invalid", line("GET ftp://a/ HTTP/1.1")],
  ["target-invalid", line("GET /%zz HTTP/1.1")],
  ["target-invalid", line("GET /%4 HTTP/1.1")],
  ["target-invalid", line("GET /%00 HTTP/1.1")],
  ["target-invalid", line("GET * HTTP/1.1")],
  ["target-invalid", line("OPTIONS *a HTTP/1.1")],
  ["host-invalid", line("GET http:///a HTTP/1.1")],
  ["host-invalid", line("GET http://user@a/ HTTP/1.1")],
  ["version-invalid", line("GET /")],
  ["version-invalid", line("GET / http/1.1")],
  ["version-invalid", line("GET / HTTP/1.10")],
  ["version-invalid", line("GET / HTTP/1.1 ")],
  ["version-unsupported", line("GET / HTTP/2.0")],
  ["version-unsupported", line("GET / HTTP/2.1")],
  ["version-unsupported", line("GET / HTTP/1.2")],
  ["version-unsupported", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
  ["method-invalid", line("G(T / HTTP/1.1")],
  ["method-invalid", line(`${"A".repeat(33)} / HTTP/1.1`)],
  ["method-unknown", line("get / HTTP/1.1")],
  ["method-refused", line("CONNECT a:1 HTTP/1.1")],
  ["method-refused", line("TRACE / HTTP/1.1")],
  // Host: RFC 9112 3.2
  ["host-missing", "GET / HTTP/1.1\r\n\r\n"],
  ["host-missing", "GET http://a/ HTTP/1.1\r\n\r\n"],
  ["host-twice", get("Host: a")],
  ...[
    "",
    "a,b",
    "a b",
    "u@a",
    "a/b",
    "a:b",
    "a:65536",
    "a:-1",
    "a:1:2",
    "é",
    "%41",
    ":80",
    "[::1",
    "[:::1]",
    "[1::2::3]",
    "[12345::]",
    "[1:2:3:4:5:6:7]",
    "[::1.2.3]",
    "[::256.1.1.1]",
    "[]",
    "[g::]",
    "[::1]a",
    "[v1.a]",
    "[fe80::1%25eth0]",
    "[1:2:3:4:5:6:7:8:9]",
    "[1::2:]",
  ].map((host) => ["host-invalid", withHost(host)] as const),
  // Fields: RFC 9112 5
  ["field-name-invalid", get("X : y")],
  ["field-name-invalid", get("X\t: y")],
  ["field-name-invalid", get("no colon")],
  ["field-name-invalid", get(": y")],
  ["field-name-invalid", get("X(: y")],
  ["field-name-invalid", get("X\u00e9: y")],
  ["field-value-invalid", get("X: a\0b")],
  ["field-value-invalid", get("X: a\u001fb")],
  ["field-value-invalid", get("X: a\u007fb")],
  ["line-folding", get("X: a\r\n b")],
  ["line-folding", get("X: a\r\n\tb")],
  ["field-name-ambiguous", post("Content_Length: 5")],
  ["field-name-ambiguous", post("TRANSFER_ENCODING: chunked")],
  ["field-name-ambiguous", get("X_Forwarded-For: 1")],
  ["field-name-ambiguous", get("X_FORWARDED_ANYTHING: 1")],
  ["connection-invalid", get(`Connection: ${"a,".repeat(40)}`)],
  // Framing: RFC 9112 6
  ["length-and-transfer-encoding", post("Content-Length: 5\r\nTransfer-Encoding: chunked")],
  ["length-twice", post("Content-Length: 5\r\nContent-Length: 6")],
  ...[
    "5, 6",
    "5, 05",
    "5,",
    "+5",
    "-1",
    "0x5",
    "5 6",
    "1_0",
    "",
    "\u00b2",
    "9007199254740992",
    "005",
  ].map((length) => ["length-invalid", post(`Content-Length: ${length}`)] as const),
  ...[
    "identity",
    "xchunked",
    "gzip, chunked",
    "chunked, chunked",
    ", chunked",
    "chunked,",
    "chunked;q=1",
    "",
    "chunkedx",
    "chunked\t",
    "chun_ked",
  ].map((coding) => ["transfer-encoding-invalid", post(`Transfer-Encoding: ${coding}`)] as const),
  ["field-value-invalid", post("Transfer-Encoding: \vchunked")],
  ["transfer-encoding-invalid", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked")],
  ["transfer-encoding-invalid", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"],
  // Expect: RFC 9110 10.1.1; WebSocket: RFC 6455 4.2
  ["expectation-unknown", post("Content-Length: 1\r\nExpect: 200-ok")],
  ["expectation-twice", post("Content-Length: 1\r\nExpect: 100-continue\r\nExpect: 100-continue")],
  ["max-forwards-invalid", "OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: x\r\n\r\n"],
  [
    "websocket-version",
    get("Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 8"),
  ],
  [
    "websocket-invalid",
    get(
      "Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
        "Sec-WebSocket-Key: a b",
    ),
  ],
];

describe("RequestHead.parse() refuses, however the bytes are cut:", () => {
  test.for(REFUSED_HEADS)("%s %j", ([reason, text]) => {
    expect(reasonsOf(text)).toEqual([reason]);
  });

  test("a request line over 8 KiB", () => {
    expect(parse(`GET /${"a".repeat(8180)} HTTP/1.1\r\n`).refusal).toBe(
      REFUSALS["target-too-long"],
    );
    expect(parse(line(`GET /${"a".repeat(8000)} HTTP/1.1`)).refusal).toBeUndefined();
  });

  test("more than 100 fields, and takes 100", () => {
    expect(parse(withFields(FIELDS_MAX)).refusal).toBeUndefined();
    expect(parse(withFields(FIELDS_MAX + 1)).refusal).toBe(REFUSALS["too-many-fields"]);
  });

  test("a head over 32 KiB, as soon as it is over", () => {
    const text = get(`X: ${"y".repeat(32 * 1024)}`);
    expect(parse(text.slice(0, 32 * 1024)).refusal).toBe(REFUSALS["head-too-large"]);
    expect(parse(text.slice(0, 32 * 1024 - 1)).refusal).toBeUndefined();
  });
});

describe("RequestHead", () => {
  test("reads a request that is cut anywhere, in whatever buffer", () => {
    const text =
      "\r\nPOST /a/../b?c=%20 HTTP/1.1\r\nhOsT:\ta:80 \r\nX: \u00e9\r\nX: 2\r\n" +
      "Content-Length: 12\r\n\r\n";
    const bytes = Buffer.from(`${text}BODY`, "latin1");
    const head = new RequestHead();
    for (let cut = 0; cut <= text.length; cut += 1) {
      head.reset();
      const first = head.parse(bytes, 0, cut);
      const moved = Buffer.concat([Buffer.from("\n\n"), bytes]);
      const length = first === MORE ? head.parse(moved, 2, moved.length) : first;
      moved.fill("x");
      expect([length, head.method, head.host, head.authority]).toEqual([
        text.length,
        "POST",
        "a",
        "a:80",
      ]);
      expect([head.target, head.path, head.queryString]).toEqual(["/a/../b?c=%20", "/b", "c=%20"]);
      expect([head.header("x"), head.header("y")]).toEqual(["\u00e9, 2", undefined]);
      expect([head.framing, head.contentLength]).toEqual(["length", 12]);
    }
  });

  test("joins Cookie lines with a semicolon, and takes names that JavaScript knows as data", () => {
    const head = parse(get("Cookie: a=1\r\nCookie: b=2\r\n__proto__: x\r\nConstructor: y"));
    expect(head.header("cookie")).toBe("a=1; b=2");
    expect([head.header("__proto__"), head.header("constructor")]).toEqual(["x", "y"]);
    expect(head.header("tostring")).toBeUndefined();
  });

  test.for([
    ["GET / HTTP/1.1", "", true],
    ["GET / HTTP/1.1", "Connection: Close\r\n", false],
    ["GET / HTTP/1.1", "Proxy-Connection: close\r\n", false],
    ["GET / HTTP/1.0", "", false],
    ["GET / HTTP/1.0", "Connection: , keep-alive\r\n", true],
    ["GET / HTTP/1.0", "Connection: keep-alive, close\r\n", false],
  ] as const)("keepAlive of %s with %j is %s", ([start, fields, expected]) => {
    expect(parse(`${start}\r\nHost: a\r\n${fields}\r\n`).keepAlive).toBe(expected);
  });

  test("takes the authority of an absolute target for Host", () => {
    const head = parse("GET hTTps://B:81?x HTTP/1.1\r\nHost: a\r\n\r\n");
    expect([head.host, head.authority, head.path, head.queryString]).toEqual([
      "B",
      "B:81",
      "/",
      "x",
    ]);
  });

  test("knows OPTIONS * in both its forms, and IPv6 hosts", () => {
    expect(parse("OPTIONS * HTTP/1.1\r\nHost: [::1]:80\r\n\r\n").host).toBe("[::1]");
    expect(parse("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").asteriskForm).toBe(true);
    expect(parse("OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n").asteriskForm).toBe(true);
    expect(parse("OPTIONS http://a/ HTTP/1.1\r\nHost: a\r\n\r\n").asteriskForm).toBe(false);
  });

  test.for([
    "a",
    "a:",
    "a:65535",
    "A_b-c.d.",
    "[::]",
    "[1:2:3:4:5:6:7:8]",
    "[::ffff:1.2.3.4]:1",
    "[1::]",
  ])("takes the Host %s", (host) => {
    expect(parse(withHost(host)).authority).toBe(host);
  });

  test("takes HTTP/1.0 without Host, and ignores Expect there and without a body", () => {
    const old = parse("POST / HTTP/1.0\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n");
    expect([old.host, old.version, old.expectsContinue]).toEqual(["", "1.0", false]);
    expect(parse(get("Expect: 100-continue")).expectsContinue).toBe(false);
    expect(parse(post("Expect: 100-Continue\r\nContent-Length: 1")).expectsContinue).toBe(true);
  });

  test("sees an upgrade only where there can be one", () => {
    const key = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
    expect(parse(get(`Connection: Upgrade\r\nUpgrade: websocket\r\n${key}`)).upgrade).toBe(
      "websocket",
    );
    expect(parse(get("Connection: upgrade\r\nUpgrade: tcp")).upgrade).toBe("tcp");
    expect(parse(get("Upgrade: tcp")).upgrade).toBeUndefined();
    expect(parse(get("Connection: upgrade\r\nUpgrade: x, H2C")).upgrade).toBeUndefined();
    expect(parse(post("Connection: upgrade\r\nUpgrade: tcp\r\nContent-Length: 1")).upgrade).toBe(
      "tcp",
    );
    expect(
      parse("GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: tcp\r\n\r\n").upgrade,
    ).toBeUndefined();
  });

  test("counts protected names in Connection, and keeps those fields", () => {
    const head = parse(
      get("Connection: host, Cookie, x-forwarded-anything, x-hop, close\r\nX-Hop: 1"),
    );
    expect([head.protectedNamesIgnored, head.keepAlive]).toEqual([3, false]);
  });

  test("finds a proxy's name in CDN-Loop, and nothing that only looks like it", () => {
    const head = parse(get("CDN-Loop: a, sluice; x\r\nCdn-Loop: sluice-2\r\nVia: 1.1 x"));
    expect(["sluice", "sluice-2", "slu", "x"].map((name) => head.wasAt(name))).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  test("without Host is for nobody, whatever the request before it was for", () => {
    const head = parse("GET http://a.example:1/ HTTP/1.1\r\nHost: a.example\r\n\r\n");
    expect([head.host, head.authority]).toEqual(["a.example", "a.example:1"]);
    const bytes = Buffer.from("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    head.reset();
    head.parse(bytes, 0, bytes.length);
    expect([head.host, head.authority]).toEqual(["", ""]);
  });

  test("is good for the next request after reset()", () => {
    const head = parse(get("Connection: close\r\nExpect: 200"));
    const bytes = Buffer.from("PUT /2 HTTP/1.1\r\nHost: b\r\n\r\n");
    expect(head.refusal).toBe(REFUSALS["expectation-unknown"]);
    head.reset();
    expect(head.parse(bytes, 0, bytes.length)).toBe(bytes.length);
    expect([head.refusal, head.keepAlive, head.host, head.path]).toEqual([
      undefined,
      true,
      "b",
      "/2",
    ]);
  });
});
