import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import httpProxy from "http-proxy";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { HttpOrigin } from "../../support/origin.ts";
import type { HttpRecord } from "../../support/origin.ts";
import { RawSocket } from "../../support/raw-socket.ts";
import { DataPlane, head, serviceAt } from "./data-plane.ts";

/** What http.md has us add to or take from a request, and what a proxy may say by itself. */
const OURS = new Set([
  "connection",
  "keep-alive",
  "te",
  "cdn-loop",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-request-id",
]);

const HOST = "Host: oracle";

/** Ordinary requests, as clients send them. */
const FORM = "Content-Type: application/x-www-form-urlencoded";

const REQUESTS: readonly (readonly [string, string])[] = [
  ["GET", head("GET / HTTP/1.1", HOST)],
  ["GET with a query", head("GET /a/b?c=d&e=%20f&g HTTP/1.1", HOST)],
  ["GET with escapes", head("GET /%E4%BD%A0/%2Fa HTTP/1.1", HOST)],
  ["GET with dot segments", head("GET /a/./b/../c HTTP/1.1", HOST)],
  ["HEAD", head("HEAD /h HTTP/1.1", HOST)],
  [
    "OPTIONS",
    head("OPTIONS /o HTTP/1.1", HOST, "Origin: http://x", "Access-Control-Request-Method: PUT"),
  ],
  ["DELETE", head("DELETE /d HTTP/1.1", HOST)],
  [
    "POST with a body",
    `${head("POST /p HTTP/1.1", HOST, "Content-Length: 5", "Content-Type: text/plain")}hello`,
  ],
  ["POST of nothing", head("POST /p HTTP/1.1", HOST, "Content-Length: 0")],
  [
    "PUT in chunks",
    `${head("PUT /u HTTP/1.1", HOST, "Transfer-Encoding: chunked")}3\r\nabc\r\n2\r\nde\r\n` +
      "0\r\n\r\n",
  ],
  [
    "PATCH of JSON",
    `${head("PATCH /j HTTP/1.1", HOST, "Content-Type: application/json", "Content-Length: 2")}{}`,
  ],
  ["a form", `${head("POST /f HTTP/1.1", HOST, FORM, "Content-Length: 7")}a=b&c=d`],
  ["cookies", head("GET /c HTTP/1.1", HOST, "Cookie: a=b; c=d", "cookie: e=f")],
  ["authorization", head("GET /s HTTP/1.1", HOST, "Authorization: Bearer x.y.z")],
  [
    "conditions",
    head(
      "GET /e HTTP/1.1",
      HOST,
      'If-None-Match: "x"',
      "Range: bytes=0-1",
      "Cache-Control: no-cache",
    ),
  ],
  ["repeated fields", head("GET /r HTTP/1.1", HOST, "X-A: 1", "x-a: 2", "X-B: ", "X-A: 3")],
  ["latin1 in a value", head("GET /l HTTP/1.1", HOST, "X-Name: caf\xe9")],
  [
    "trace context",
    head("GET /t HTTP/1.1", HOST, "traceparent: 00-0af7-b7ad-01", "tracestate: a=b"),
  ],
  [
    "a browser",
    head(
      "GET /b HTTP/1.1",
      HOST,
      "User-Agent: Mozilla/5.0 (X11; Linux x86_64)",
      "Accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8",
      "Accept-Language: de,en;q=0.5",
      "Accept-Encoding: gzip, deflate, br",
      "Referer: http://oracle/a?b",
      "Upgrade-Insecure-Requests: 1",
    ),
  ],
];

describe("http-proxy as oracle: what it forwards, we forward", () => {
  let plane: DataPlane;
  let origin: HttpOrigin;
  let oracle: Server;

  beforeAll(async () => {
    origin = await HttpOrigin.start("oracle", (record, response) => {
      response.setHeader("X-Method", record.method).end(record.bodyHash);
    });
    const proxy = httpProxy.createProxyServer({ target: `http://${origin.address}` });
    oracle = createServer((request, response) => proxy.web(request, response));
    oracle.listen(0, "127.0.0.1");
    await once(oracle, "listening");
    plane = await DataPlane.start({}, { services: { oracle: serviceAt([origin.address]) } });
  });
  afterEach(() => plane.endTest());
  afterAll(async () => {
    oracle.closeAllConnections();
    oracle.close();
    origin[Symbol.dispose]();
    await plane[Symbol.asyncDispose]();
  });

  /** What the origin receives and the client gets through the proxy on this port. */
  async function through(port: number, request: string): Promise<object> {
    const client = await RawSocket.open({ port });
    const { status, body } = await client.send(request).response(request.split(" ")[0]);
    client.close();
    const { method, url, bodyHash, bodyBytes, rawHeaders } = origin.records.at(-1) as HttpRecord;
    const fields = fieldsOf(rawHeaders);
    // http-proxy gives DELETE and OPTIONS a length of 0, which says no more than none.
    if (bodyBytes === 0 && method !== "POST") delete fields["content-length"];
    return { status, body, method, url, bodyHash, bodyBytes, fields };
  }

  test.each(REQUESTS)("%s", async (_name, request) => {
    const wanted = await through((oracle.address() as AddressInfo).port, request);
    const found = await through(plane.sidecar.ports[0] as number, request);
    expect(found).toEqual(wanted);
  });

  test("answers a plain GET after all of that", () => plane.expectAlive());
});

/**
 * The fields that are not ours, by name in lower case. http-proxy joins lines of one name, as any
 * proxy may (RFC 9110 5.3).
 */
function fieldsOf(rawHeaders: readonly string[]): Record<string, string> {
  const fields: Record<string, string> = {};
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] as string).toLowerCase();
    const value = rawHeaders[index + 1] as string;
    const before = fields[name];
    const separator = name === "cookie" ? "; " : ", ";
    if (!OURS.has(name)) fields[name] = before === undefined ? value : before + separator + value;
  }
  return fields;
}
