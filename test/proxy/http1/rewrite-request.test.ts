import { expect, test } from "vitest";
import { ForwardedFields } from "../../../proxy/http1/forwarded-fields.ts";
import { RequestHead } from "../../../proxy/http1/request-head.ts";
import { requestHeadForUpstream } from "../../../proxy/http1/rewrite-request.ts";
import type { RequestRewrite } from "../../../proxy/http1/rewrite-request.ts";

const REWRITE: RequestRewrite = {
  clientAddress: "10.0.0.9",
  trusted: false,
  proto: "http",
  pseudonym: "sluice",
  namedInVia: false,
  requestId: "made",
  clientCert: "",
  hostIfAbsent: "web",
  forwarded: new ForwardedFields(),
  timeoutLeft: undefined,
  traceLines: "",
};
const OWN = [
  "X-Forwarded-For: 10.0.0.9",
  "X-Forwarded-Proto: http",
  "X-Forwarded-Host: a",
  "CDN-Loop: sluice",
  "X-Request-Id: made",
];

/**
 * The lines of the head that goes upstream. The empty line that ends it is checked and left out.
 */
function rewritten(lines: readonly string[], changes: Partial<RequestRewrite> = {}): string[] {
  const bytes = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  const head = new RequestHead();
  head.reset();
  expect(head.parse(bytes, 0, bytes.length)).toBe(bytes.length);
  const text = requestHeadForUpstream(head, { ...REWRITE, ...changes });
  expect(text.endsWith("\r\n\r\n")).toBe(true);
  const again = new RequestHead();
  again.reset();
  expect(again.parse(Buffer.from(text, "latin1"), 0, text.length)).toBe(text.length);
  return text.slice(0, -4).split("\r\n");
}

const get = (...fields: readonly string[]): string[] => ["GET / HTTP/1.1", "Host: a", ...fields];

test("requestHeadForUpstream() keeps the line and the fields as sent, before its own", () => {
  const sent = [
    "GET /%7Ea/../b?c HTTP/1.1",
    "hOST:  a",
    "X-\u0041:\t\u00e9 ",
    "__proto__: 1",
    "_: ",
  ];
  expect(rewritten(sent)).toEqual([...sent, ...OWN]);
  expect(rewritten(["", "", ...sent])).toEqual([...sent, ...OWN]);
});

test("requestHeadForUpstream() drops what ends here, wherever it stands", () => {
  const hop = [
    "Connection: x-hop, , Keep-Alive",
    "Keep-Alive: 5",
    "Proxy-Connection: keep-alive",
    "X-HOP: 1",
    "Upgrade: h2c",
    "HTTP2-Settings: x",
    "Proxy-Authorization: y",
    "TE: gzip",
    "Trailer: x",
    "Expect: 100-continue",
  ];
  expect(
    rewritten(
      ["GET / HTTP/1.1", ...hop, "Host: a", "A: 1", ...hop, "B: 2"].filter(
        (line, index, all) => line !== "Expect: 100-continue" || all.indexOf(line) === index,
      ),
    ),
  ).toEqual(["GET / HTTP/1.1", "Host: a", "A: 1", "B: 2", ...OWN]);
});

test("requestHeadForUpstream() keeps protected fields that Connection names", () => {
  const kept = ["Authorization: x", "Cookie: y"];
  const named = "Connection: host, authorization, cookie, content-length, x-forwarded-for";
  expect(rewritten(get(named, ...kept))).toEqual([...get(...kept), ...OWN]);
});

test("requestHeadForUpstream() replaces all that an untrusted peer says about the client", () => {
  const forged = [
    "X-Forwarded-For: 1.1.1.1",
    "x-forwarded-proto: https",
    "X-Forwarded-Host: evil",
    "Forwarded: for=1.1.1.1",
    "X-Forwarded-Client-Cert: x",
    "X-Forwarded-Port: 1",
  ];
  expect(rewritten(get(...forged, "X-Request-Id: kept"))).toEqual([
    ...get("X-Request-Id: kept"),
    ...OWN.slice(0, -1),
  ]);
});

test("requestHeadForUpstream() appends to what a trusted peer says", () => {
  const told = ["X-Forwarded-Proto: https", "X-Forwarded-Host: b", "Forwarded: for=1.1.1.1"];
  const addresses = ["X-Forwarded-For: 1.1.1.1", "X-Forwarded-For: 2.2.2.2"];
  expect(rewritten(get(...addresses, ...told), { trusted: true })).toEqual([
    ...get(...told),
    "X-Forwarded-For: 1.1.1.1, 2.2.2.2, 10.0.0.9",
    ...OWN.slice(3),
  ]);
  expect(rewritten(get(), { trusted: true, proto: "https" })).toContain("X-Forwarded-Proto: https");
});

test("requestHeadForUpstream() replaces a request id that is double, too long or invisible", () => {
  for (const ids of [["a", "b"], ["a".repeat(129)], ["a b"], ["\u00e9"], [""]]) {
    const fields = ids.map((id) => `X-Request-Id: ${id}`);
    expect(rewritten(get(...fields))).toEqual([...get(), ...OWN]);
  }
});

test("requestHeadForUpstream() turns absolute-form into origin-form with its host", () => {
  const own = OWN.map((line) => line.replace("Host: a", "Host: b:81"));
  expect(rewritten(["GET http://b:81?x HTTP/1.1", "Host: a", "A: 1"])).toEqual([
    "GET /?x HTTP/1.1",
    "Host: b:81",
    "A: 1",
    ...own,
  ]);
});

test("requestHeadForUpstream() speaks HTTP/1.1 for an HTTP/1.0 client", () => {
  const own = OWN.map((line) => line.replace("1.1 sluice", "1.0 sluice"));
  expect(rewritten(["GET /x HTTP/1.0", "A: 1", "Expect: x"])).toEqual([
    "GET /x HTTP/1.1",
    "Host: web",
    "A: 1",
    ...own.filter((line) => !line.startsWith("X-Forwarded-Host")),
  ]);
  expect(rewritten(["GET /x HTTP/1.0", "Host: a"])).toEqual(["GET /x HTTP/1.1", "Host: a", ...own]);
});

test("requestHeadForUpstream() keeps framing; POST, PUT and PATCH without body get 0", () => {
  const sized = ["PUT / HTTP/1.1", "Host: a", "content-length: 3", "Expect: 100-continue"];
  const chunked = ["DELETE / HTTP/1.1", "Host: a", "Transfer-Encoding: Chunked"];
  expect(rewritten(sized)).toEqual([...sized, ...OWN]);
  expect(rewritten(chunked)).toEqual([...chunked, ...OWN]);
  for (const method of ["POST", "PUT", "PATCH"]) {
    const line = `${method} / HTTP/1.1`;
    expect(rewritten([line, "Host: a"])).toEqual([line, "Host: a", ...OWN, "Content-Length: 0"]);
  }
});

test("requestHeadForUpstream() sends TE: trailers, an upgrade and Max-Forwards as its own", () => {
  expect(rewritten(get("TE: gzip, Trailers;q=1", "Trailer: x"))).toEqual([
    ...get("Trailer: x"),
    ...OWN,
    "Connection: TE",
    "TE: trailers",
  ]);
  expect(rewritten(get("Connection: close, upgrade", "Upgrade: tcp"))).toEqual([
    ...get(),
    ...OWN,
    "Connection: Upgrade",
    "Upgrade: tcp",
  ]);
  expect(rewritten(["OPTIONS / HTTP/1.1", "Host: a", "Max-Forwards: 3"])).toEqual([
    "OPTIONS / HTTP/1.1",
    "Host: a",
    ...OWN,
    "Max-Forwards: 2",
  ]);
});
