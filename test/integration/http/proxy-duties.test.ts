import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { OK, answer } from "../../support/origin.ts";
import type { OriginRequest } from "../../support/origin.ts";
import { exchangeRaw } from "../../support/raw-socket.ts";
import type { RawResponse } from "../../support/received-bytes.ts";
import { DataPlane, head, responseOf, serviceAt } from "./data-plane.ts";

const GET = head("GET / HTTP/1.1", "Host: web");
const TRUSTED = "127.0.0.3";

function optionsFor(hops: number): string {
  return head("OPTIONS /a HTTP/1.1", "Host: web", `Max-Forwards: ${hops}`);
}

describe("what a proxy owes (RFC 9110 7.6)", () => {
  let plane: DataPlane;

  beforeAll(async () => {
    const listeners = [
      { bind: "127.0.0.1:0" },
      { bind: `${TRUSTED}:0`, trustedPeers: ["127.0.0.0/8"] },
    ];
    plane = await DataPlane.start({}, { listeners });
  });
  afterEach(() => plane.endTest());
  afterAll(() => plane[Symbol.asyncDispose]());

  /** What the origin received for a GET with these lines. */
  async function forwarded(lines: readonly string[], listener = 0): Promise<OriginRequest> {
    const port = plane.sidecar.ports[listener] as number;
    const client = await plane.open({ port, host: listener === 0 ? "127.0.0.1" : TRUSTED });
    client.send(head("GET / HTTP/1.1", "Host: web", ...lines));
    expect((await client.response()).status).toBe(200);
    return plane.origin.requests[0] as OriginRequest;
  }

  /** What a client gets when the origin answers with these bytes. */
  async function answered(bytes: string, request = GET): Promise<RawResponse> {
    plane.origin.onRequest = answer(bytes);
    const client = await plane.open();
    return client.send(request).finalResponse(request.split(" ")[0]);
  }

  describe("requests", () => {
    test("hop-by-hop fields end here (9110 7.6.1)", async () => {
      const { fields, text } = await forwarded([
        "Connection: X-Hop , keep-alive,, x-other",
        "X-Hop: 1",
        "X-OTHER: 2",
        "Keep-Alive: timeout=5",
        "Proxy-Connection: keep-alive",
        "TE: gzip",
        "Upgrade: chat",
        "Proxy-Authorization: Basic eA==",
        "HTTP2-Settings: AAMAAABk",
        "X-Kept: 3",
      ]);
      expect(fields.map(([name]) => name)).toEqual([
        "host",
        "x-kept",
        "x-forwarded-for",
        "x-forwarded-proto",
        "x-forwarded-host",
        "cdn-loop",
        "x-request-id",
      ]);
      expect(text).toContain("X-Kept: 3\r\n");
    });

    test("Connection takes no field away that others rely on (CVE-2022-1388 class)", async () => {
      const before = await plane.rejected("connection-name-protected");
      const { field } = await forwarded([
        "Connection: close, Host, Authorization, Cookie, X-Forwarded-For, X-Forwarded-Host, " +
          "Via, CDN-Loop",
        "Via: 1.0 other",
        "CDN-Loop: other",
        "Authorization: Basic eA==",
        "Cookie: a=b",
      ]);
      expect(field("host")).toBe("web");
      expect(field("authorization")).toBe("Basic eA==");
      expect(field("cookie")).toBe("a=b");
      expect(field("x-forwarded-for")).toBe("127.0.0.1");
      expect(field("x-forwarded-host")).toBe("web");
      expect(field("via")).toBe("1.0 other");
      expect(field("cdn-loop")).toMatch(/^other, sluice-[0-9a-f]{8}$/);
      expect(await plane.rejected("connection-name-protected")).toBe(before + 1);
    });

    test("Connection cannot take the framing away", async () => {
      const client = await plane.open();
      const lines = ["Host: web", "Connection: Content-Length, Transfer-Encoding"];
      client.send(`${head("POST / HTTP/1.1", ...lines, "Content-Length: 3")}abc`);
      expect((await client.response()).status).toBe(200);
      expect(plane.origin.requests[0]?.text.endsWith("\r\n\r\nabc")).toBe(true);
      expect(plane.origin.requests[0]?.field("content-length")).toBe("3");
    });

    test("what a stranger says of where it comes from is replaced", async () => {
      const { fields, field } = await forwarded([
        "X-Forwarded-For: 10.0.0.1",
        "X-Forwarded-For: 10.0.0.2",
        "X-Forwarded-Proto: https",
        "X-Forwarded-Host: evil",
        "X-Forwarded-Client-Cert: Subject=admin",
        "Forwarded: for=10.0.0.1",
      ]);
      expect(field("x-forwarded-for")).toBe("127.0.0.1");
      expect(field("x-forwarded-proto")).toBe("http");
      expect(field("x-forwarded-host")).toBe("web");
      expect(field("forwarded")).toBeUndefined();
      expect(fields.filter(([name]) => name.startsWith("x-forwarded-"))).toHaveLength(3);
    });

    test("what a trusted peer says is kept and appended to", async () => {
      const lines = [
        "X-Forwarded-For: 10.0.0.1, 10.0.0.2",
        "X-Forwarded-Proto: https",
        "X-Forwarded-Host: shop.example",
        "Forwarded: for=10.0.0.1",
      ];
      const { field } = await forwarded(lines, 1);
      expect(field("x-forwarded-for")).toMatch(/^10\.0\.0\.1, 10\.0\.0\.2, 127\.\d+\.\d+\.\d+$/);
      expect(field("x-forwarded-proto")).toBe("https");
      expect(field("x-forwarded-host")).toBe("shop.example");
      expect(field("forwarded")).toBe("for=10.0.0.1");
    });

    test("X-Request-Id is kept if it is fit for logs, else made; traceparent passes", async () => {
      const kept = await forwarded(["X-Request-Id: abc-1", "traceparent: 00-1-2-01"]);
      expect(kept.field("x-request-id")).toBe("abc-1");
      expect(kept.field("traceparent")).toBe("00-1-2-01");
      plane.origin.requests.length = 0;
      const made = await forwarded(["X-Request-Id: a b", "X-Request-Id: c"]);
      expect(made.field("x-request-id")).toMatch(/^[0-9a-f]{16}-[0-9a-z]+$/);
    });

    test("a request that has been here is refused with 508 (RFC 8586)", async () => {
      const us = (await forwarded([])).field("cdn-loop");
      const client = await plane.open();
      client.send(head("GET / HTTP/1.1", "Host: web", "CDN-Loop: other", `CDN-Loop: x, ${us};a=b`));
      const response = await client.response();
      expect(response.status).toBe(508);
      expect(response.field("proxy-status")).toBe("sluice; error=proxy_loop_detected");
      expect(plane.origin.requests).toHaveLength(1);
    });

    test("a service that leads back to the sidecar ends in 508, not in a circle", async () => {
      const endpoints = [`127.0.0.1:${plane.sidecar.ports[0]}`];
      const loop = { hosts: ["loop"], versions: { v1: { endpoints } } };
      expect((await plane.sidecar.call("PUT", "/v1/services/loop", loop)).status).toBe(201);
      const client = await plane.open();
      const response = await client.send(head("GET / HTTP/1.1", "Host: loop")).response();
      expect(response.status).toBe(508);
      expect(
        (await plane.sidecar.call("DELETE", "/v1/services/loop?force=true")).status,
      ).toBeLessThan(300);
    });

    test("Max-Forwards of OPTIONS is counted down; 0 is answered here (9110 7.6.2)", async () => {
      const client = await plane.open();
      expect((await client.send(optionsFor(2)).response()).status).toBe(200);
      expect(plane.origin.requests[0]?.field("max-forwards")).toBe("1");
      const last = await client.send(optionsFor(0)).response();
      expect(last.status).toBe(204);
      expect(last.field("allow")).toContain("GET");
      expect(plane.origin.requests).toHaveLength(1);
    });

    test("OPTIONS * is about us (9110 9.3.7)", async () => {
      const client = await plane.open();
      client.send(head("OPTIONS * HTTP/1.1", "Host: web"));
      expect((await client.response()).status).toBe(204);
      client.send(head("OPTIONS http://web HTTP/1.1", "Host: web"));
      expect((await client.response()).status).toBe(204);
      expect(plane.origin.requests).toHaveLength(0);
    });

    test("HTTP/1.0 goes on as HTTP/1.1, with a Host (9110 2.5)", async () => {
      const { response, fate } = await exchangeRaw(
        plane.target(),
        "GET / HTTP/1.0\r\nHost: web\r\n\r\n",
      );
      expect(response.status).toBe(200);
      expect(response.field("connection")).toBe("close");
      expect(fate).toBe("fin");
      expect(plane.origin.requests[0]?.line).toBe("GET / HTTP/1.1");
    });

    test("HTTP/1.0 with keep-alive is kept", async () => {
      const client = await plane.open();
      const request = head("GET / HTTP/1.0", "Host: web", "Connection: keep-alive");
      const first = await client.send(request).response();
      expect(first.field("connection")).toBe("keep-alive");
      expect((await client.send(request).response()).body).toBe("ok");
    });
  });

  describe("responses", () => {
    test("interim responses pass, in order, before the final one (9110 15.2)", async () => {
      plane.origin.onRequest = answer(
        head("HTTP/1.1 102 Processing") +
          head("HTTP/1.1 103 Early Hints", "Link: </a.css>", "Connection: X-Hop", "X-Hop: 1") +
          OK,
      );
      const client = await plane.open();
      client.send(GET);
      expect((await client.response()).statusLine).toBe("HTTP/1.1 102 Processing");
      const hints = await client.response();
      expect(hints.status).toBe(103);
      expect(hints.field("link")).toBe("</a.css>");
      expect(hints.field("x-hop")).toBeUndefined();
      expect((await client.response()).body).toBe("ok");
    });

    test("HTTP/1.0 clients get no interim response", async () => {
      plane.origin.onRequest = answer(head("HTTP/1.1 103 Early Hints") + OK);
      const client = await plane.open();
      const response = await client.send("GET / HTTP/1.0\r\nHost: web\r\n\r\n").response();
      expect(response.status).toBe(200);
    });

    test("hop-by-hop fields end here; Date is added", async () => {
      const lines = ["Connection: X-Hop", "X-Hop: 1", "Keep-Alive: timeout=9", "Upgrade: h2c"];
      const auth = ["Proxy-Authenticate: Basic", "X-Kept: 2", "Set-Cookie: a=b", "Set-Cookie: c=d"];
      const { fields } = await answered(responseOf("200 Fine", "ok", ...lines, ...auth));
      const names = fields.map(([name]) => name);
      expect(names).toEqual(["content-length", "x-kept", "set-cookie", "set-cookie", "date"]);
    });

    test.each([
      ["off", undefined, undefined, undefined],
      ["request", "1.1 sluice-", undefined, undefined],
      ["both", "1.1 sluice-", "1.1 sluice-", "1.0 sluice-"],
    ] as const)("via: %s names us where it says (9110 7.6.3)", async (via, up, down, downOld) => {
      const service = serviceAt([plane.origin.address], { via });
      await plane.sidecar.call("PUT", "/v1/services/named", service);
      const client = await plane.open();
      const ask = async (answers: string): Promise<RawResponse> => {
        plane.origin.onRequest = answer(answers);
        return client.send(head("GET / HTTP/1.1", "Host: named")).response();
      };
      const seen = [(await ask(head("HTTP/1.1 103 Early") + OK)).field("via")];
      seen.push((await client.response()).field("via"));
      seen.push((await ask("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")).field("via"));
      seen.push(plane.origin.requests[0]?.field("via"));
      const short = seen.map((value) => value?.replace(/[0-9a-f]{8}$/, ""));
      expect(short).toEqual([down, down, downOld, up]);
      await plane.sidecar.call("DELETE", "/v1/services/named");
    });

    test("HEAD, 204 and 304 have no body, and keep their connection", async () => {
      const request = head("HEAD / HTTP/1.1", "Host: web");
      const toHead = await answered(head("HTTP/1.1 200 OK", "Content-Length: 9"), request);
      expect(toHead.field("content-length")).toBe("9");
      const chunked = head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked");
      expect((await answered(chunked, request)).status).toBe(200);
      expect((await answered(head("HTTP/1.1 204 No Content"))).status).toBe(204);
      const notModified = await answered(head("HTTP/1.1 304 Not Modified", "Content-Length: 5"));
      expect(notModified.field("content-length")).toBe("5");
      expect(plane.origin.connections).toHaveLength(1);
    });

    test("a close-delimited body becomes chunked for HTTP/1.1 (9112 6.3)", async () => {
      plane.origin.onRequest = (connection) => {
        connection.send("HTTP/1.0 200 OK\r\n\r\nto the ").send("end").socket.end();
      };
      const client = await plane.open();
      const response = await client.send(GET).response();
      expect(response.statusLine).toBe("HTTP/1.1 200 OK");
      expect(response.field("transfer-encoding")).toBe("chunked");
      expect(response.body).toBe("to the end");
      plane.origin.onRequest = answer(OK);
      expect((await client.send(GET).response()).body).toBe("ok");
    });

    test.each([
      ["close-delimited", "HTTP/1.1 200 OK\r\n\r\nto the end", true],
      [
        "chunked",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7;x\r\nto the \r\n3\r\nend\r\n" +
          "0\r\nX: y\r\n\r\n",
        false,
      ],
    ])("HTTP/1.0 gets a %s body with a close as its end", async (_name, bytes, ends) => {
      plane.origin.onRequest = ({ socket }) => (ends ? socket.end(bytes) : socket.write(bytes));
      const client = await plane.open();
      client.send("GET / HTTP/1.0\r\nHost: web\r\nConnection: keep-alive\r\n\r\n");
      expect(await client.ended()).toBe("fin");
      const response = await client.response();
      expect(response.field("transfer-encoding")).toBeUndefined();
      expect(response.field("connection")).toBe("close");
      expect(response.body).toBe("to the end");
    });

    test.each([
      ["asked for", "TE: trailers", "0\r\nX-Sum: 1\r\n\r\n"],
      ["not asked for", "X-No: trailers", "0\r\n\r\n"],
    ])("trailers that were %s", async (_name, line, end) => {
      const chunked = head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "Trailer: X-Sum");
      plane.origin.onRequest = answer(
        `${chunked}2\r\nok\r\n0\r\nX-Sum: 1\r\nSet-Cookie: a\r\n\r\n`,
      );
      const client = await plane.open();
      await client.send(head("GET / HTTP/1.1", "Host: web", line)).until(`2\r\nok\r\n${end}`);
      expect(client.text.endsWith(end)).toBe(true);
    });

    test("an answer before the body's end is passed on, then both close (9112 9.3)", async () => {
      plane.origin.onHead = answer(responseOf("429 Too Many Requests", "wait"));
      const client = await plane.open();
      client.send(head("POST / HTTP/1.1", "Host: web", "Content-Length: 50000")).send("some");
      const response = await client.response();
      expect([response.status, response.body]).toEqual([429, "wait"]);
      expect(response.field("connection")).toBe("close");
      client.send("x".repeat(40_000));
      expect(await client.ended()).toBe("fin");
      await eventually(() => expect(plane.origin.lastConnection.fate).not.toBe("open"));
    });

    test("an answer that flows while the request does is passed on both ways", async () => {
      const chunked = head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked");
      plane.origin.onHead = answer(`${chunked}1\r\na\r\n`);
      plane.origin.onRequest = answer("1\r\nz\r\n0\r\n\r\n");
      const client = await plane.open();
      client.send(head("POST / HTTP/1.1", "Host: web", "Transfer-Encoding: chunked"));
      await client.until("1\r\na\r\n");
      client.send("3\r\nabc\r\n");
      await eventually(() => expect(plane.origin.lastConnection.received).toContain("abc"));
      client.send("0\r\n\r\n");
      expect((await client.response()).body).toBe("az");
    });
  });

  test("answers a plain GET after all of that", () => plane.expectAlive());
});
