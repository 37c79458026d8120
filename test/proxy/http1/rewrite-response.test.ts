import { expect, test } from "vitest";
import { ResponseHead } from "../../../proxy/http1/response-head.ts";
import {
  interimHeadForClient,
  responseHeadForClient,
  viaLines,
} from "../../../proxy/http1/rewrite-response.ts";
import type { ResponseRewrite } from "../../../proxy/http1/rewrite-response.ts";

const DATE = "Tue, 15 Nov 1994 08:12:31 GMT";
const REWRITE: ResponseRewrite = {
  via: viaLines("sluice"),
  date: DATE,
  connection: "",
  framing: "as-sent",
  extra: "",
};

function parse(lines: readonly string[]): ResponseHead {
  const bytes = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  const head = new ResponseHead();
  head.reset();
  expect(head.parse(bytes, 0, bytes.length)).toBe(bytes.length);
  return head;
}

function rewritten(lines: readonly string[], changes: Partial<ResponseRewrite> = {}): string[] {
  const text = responseHeadForClient(parse(lines), { ...REWRITE, ...changes });
  expect(text.endsWith("\r\n\r\n")).toBe(true);
  return text.slice(0, -4).split("\r\n");
}

test("responseHeadForClient() leaves status, reason, fields and framing as sent", () => {
  const sent = [
    "HTTP/1.1 299 It\u00e9 is ",
    "DATE: x",
    "content-LENGTH:3",
    "Set-Cookie: a",
    "Set-Cookie: b",
  ];
  expect(rewritten(sent)).toEqual([...sent, "Via: 1.1 sluice"]);
});

test("responseHeadForClient() drops what ends here and adds a missing Date", () => {
  const hop = ["Connection: x-hop, close", "X-Hop: 1", "Keep-Alive: 5", "Upgrade: h2c", "TE: x"];
  expect(
    rewritten(["HTTP/1.1 407 No", ...hop, "Proxy-Authenticate: x", "A: 1", "Trailer: t"]),
  ).toEqual(["HTTP/1.1 407 No", "A: 1", "Trailer: t", "Via: 1.1 sluice", `Date: ${DATE}`]);
});

test("responseHeadForClient() writes a whole HTTP/1.1 status line", () => {
  expect(rewritten(["HTTP/1.0 200 Fine", "Date: x"])[0]).toBe("HTTP/1.1 200 Fine");
  expect(rewritten(["HTTP/1.1 200", "Date: x"])).toEqual([
    "HTTP/1.1 200 ",
    "Date: x",
    "Via: 1.1 sluice",
  ]);
  expect(rewritten(["HTTP/1.1 200 ", "Date: x"])[0]).toBe("HTTP/1.1 200 ");
});

test("responseHeadForClient() changes the framing as told", () => {
  const chunked = ["HTTP/1.1 200 OK", "Date: x", "Transfer-Encoding: chunked", "Trailer: t"];
  expect(rewritten(chunked, { framing: "drop", connection: "close" })).toEqual([
    "HTTP/1.1 200 OK",
    "Date: x",
    "Via: 1.1 sluice",
    "Connection: close",
  ]);
  expect(rewritten(["HTTP/1.0 200 OK", "Date: x"], { framing: "chunked" })).toEqual([
    "HTTP/1.1 200 OK",
    "Date: x",
    "Via: 1.0 sluice",
    "Transfer-Encoding: chunked",
  ]);
});

test("responseHeadForClient() lets a 204 have no framing", () => {
  expect(rewritten(["HTTP/1.1 204 No", "Date: x", "Content-Length: 3"])).toEqual([
    "HTTP/1.1 204 No",
    "Date: x",
    "Via: 1.1 sluice",
  ]);
});

test.for([
  ["", "Upgrade"],
  ["close", "close, Upgrade"],
  ["keep-alive", "keep-alive, Upgrade"],
] as const)(
  "responseHeadForClient() keeps the Upgrade of a 426 beside %j",
  ([connection, line]) => {
    const sent = [
      "HTTP/1.1 426 No",
      "Connection: Upgrade",
      "Upgrade: TLS/1.3, websocket",
      "Date: x",
    ];
    expect(rewritten(sent, { connection })).toEqual([
      "HTTP/1.1 426 No",
      "Date: x",
      "Via: 1.1 sluice",
      `Connection: ${line}`,
      "Upgrade: TLS/1.3, websocket",
    ]);
  },
);

test("responseHeadForClient() adds the caller's lines, and the upgrade of a 101", () => {
  const upgrade = ["HTTP/1.1 101 Go", "Connection: Upgrade", "Upgrade: websocket", "A: 1"];
  const extra = "X-Sluice-Version: v1\r\n";
  expect(rewritten(upgrade, { extra })).toEqual([
    "HTTP/1.1 101 Go",
    "A: 1",
    "Via: 1.1 sluice",
    "X-Sluice-Version: v1",
    "Connection: Upgrade",
    "Upgrade: websocket",
  ]);
});

test("interimHeadForClient() passes on a 103 without what ends here", () => {
  const head = parse([
    "HTTP/1.1 103 Early",
    "Connection: x",
    "X: 1",
    "Link: </a>",
    "Content-Length: 0",
  ]);
  expect(interimHeadForClient(head, viaLines("sluice"))).toBe(
    "HTTP/1.1 103 Early\r\nLink: </a>\r\nVia: 1.1 sluice\r\n\r\n",
  );
});
