import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { OK, answer } from "../../support/origin.ts";
import type { OriginConnection } from "../../support/origin.ts";
import { DataPlane, head, responseOf, serviceAt } from "./data-plane.ts";
import { StalledListener } from "../../support/stalled-listener.ts";

const GET = head("GET / HTTP/1.1", "Host: web");
const OK_HEAD = "HTTP/1.1 200 OK\r\n";
const CHUNKED = `${OK_HEAD}Transfer-Encoding: chunked\r\n\r\n`;

/** Heads that break a rule: name and bytes. */
const BAD_HEADS: readonly (readonly [string, string])[] = [
  ["not HTTP", "SSH-2.0-OpenSSH_9.6\r\n\r\n"],
  ["HTTP/0.9", "<html>hello</html>\r\n\r\n"],
  ["a TLS alert", "\x15\x03\x01\x00\x02\x02\x28"],
  ["HTTP/2.0 as text", "HTTP/2.0 200 OK\r\n\r\n"],
  ["lower-case version", "http/1.1 200 OK\r\n\r\n"],
  ["status 99", "HTTP/1.1 99 Low\r\n\r\n"],
  ["status 099", "HTTP/1.1 099 Low\r\n\r\n"],
  ["status 600", "HTTP/1.1 600 High\r\n\r\n"],
  ["status 1000", "HTTP/1.1 1000 High\r\n\r\n"],
  ["a status that is no number", "HTTP/1.1 2xx OK\r\n\r\n"],
  ["no status", "HTTP/1.1 OK\r\n\r\n"],
  ["two spaces before the status", "HTTP/1.1  200 OK\r\n\r\n"],
  ["an empty line before the status line", `\r\n${OK}`],
  ["NUL in the reason", "HTTP/1.1 200 O\0K\r\n\r\n"],
  ["bare LF as line end", "HTTP/1.1 200 OK\nContent-Length: 0\n\n"],
  ["bare CR in the head", `${OK_HEAD}X-A: a\rX-B: b\r\n\r\n`],
  ["a line without a colon", `${OK_HEAD}X-A\r\n\r\n`],
  ["an empty name", `${OK_HEAD}: a\r\n\r\n`],
  ["white space before the colon (9112 5.1)", `${OK_HEAD}Content-Length : 0\r\n\r\n`],
  ["obs-fold (9112 5.2)", `${OK_HEAD}X-A: a\r\n b\r\nContent-Length: 0\r\n\r\n`],
  ["NUL in a value", `${OK_HEAD}X-A: a\0\r\nContent-Length: 0\r\n\r\n`],
  ["control byte in a value", `${OK_HEAD}X-A: a\x01\r\nContent-Length: 0\r\n\r\n`],
  ["two lengths, different", `${OK_HEAD}Content-Length: 2\r\nContent-Length: 3\r\n\r\nok`],
  ["two lengths, equal", `${OK_HEAD}Content-Length: 2\r\nContent-Length: 2\r\n\r\nok`],
  ["a list of lengths", `${OK_HEAD}Content-Length: 2, 2\r\n\r\nok`],
  ["Content-Length -1", `${OK_HEAD}Content-Length: -1\r\n\r\nok`],
  ["Content-Length that is no number", `${OK_HEAD}Content-Length: two\r\n\r\nok`],
  ["both framings (9112 6.3)", `${OK_HEAD}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n`],
  ["gzip, chunked", `${OK_HEAD}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
  ["two Transfer-Encoding lines", `${CHUNKED.slice(0, -2)}Transfer-Encoding: chunked\r\n\r\n`],
  ["chunked in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
  ["257 fields", `${OK_HEAD}${"X-A: a\r\n".repeat(257)}\r\n`],
  ["a head over 64 KiB", `${OK_HEAD}X-A: ${"a".repeat(65_536)}\r\n\r\n`],
  ["an endless head", `${OK_HEAD}X-A: ${"a".repeat(200_000)}`],
  ["17 interim responses", `${"HTTP/1.1 103 Early Hints\r\n\r\n".repeat(17)}${OK}`],
];

/** Bodies that end too early or break a rule: name, bytes, and how the upstream ends. */
const BAD_BODIES: readonly (readonly [string, string, "fin" | "reset" | "open"])[] = [
  ["FIN inside a Content-Length", `${OK_HEAD}Content-Length: 9\r\n\r\nhalf`, "fin"],
  ["RST inside a Content-Length", `${OK_HEAD}Content-Length: 9\r\n\r\nhalf`, "reset"],
  ["FIN between two chunks", `${CHUNKED}4\r\nhalf\r\n`, "fin"],
  ["FIN inside a chunk", `${CHUNKED}9\r\nhalf`, "fin"],
  ["FIN before the empty line", `${CHUNKED}4\r\nhalf\r\n0\r\n`, "fin"],
  ["RST between two chunks", `${CHUNKED}4\r\nhalf\r\n`, "reset"],
  ["RST inside a close-delimited body", `${OK_HEAD}\r\nhalf`, "reset"],
];

/** What follows a good piece of a chunked body. */
const BAD_CHUNKS: readonly (readonly [string, string])[] = [
  ["a size that is not hexadecimal", "zz\r\n"],
  ["a negative size", "-1\r\n"],
  ["a size over 2^53-1", "ffffffffffffffff\r\n"],
  ["data without CRLF behind it", "2\r\nabXX"],
  ["a bare LF", "2\nab"],
  ["a bad extension", "2;\0\r\n"],
  ["a bad trailer", "0\r\nno colon\r\n\r\n"],
];

function end(how: "fin" | "reset" | "open"): (connection: OriginConnection) => void {
  return ({ socket }) => {
    if (how === "fin") socket.end();
    // What was written goes out first: a reset would take the rest with it.
    if (how === "reset") socket.write("", () => setImmediate(() => socket.resetAndDestroy()));
  };
}

describe("upstream faults (docs/http.md, Responses)", () => {
  let plane: DataPlane;
  let stalled: StalledListener;

  beforeAll(async () => {
    stalled = await StalledListener.start();
    const retries = { attempts: 0 };
    const endpoints = { refused: "127.0.0.1:1", nosocket: "unix:/nowhere/sluice.sock" };
    plane = await DataPlane.start(
      { retries, timeout: "10s" },
      {
        services: {
          refused: serviceAt([endpoints.refused], { retries }),
          nosocket: serviceAt([endpoints.nosocket], { retries }),
          nobody: serviceAt([]),
          hangs: serviceAt([stalled.address], { retries, connectTimeout: "200ms" }),
        },
      },
    );
  });
  afterEach(() => plane.endTest());
  afterAll(async () => {
    stalled[Symbol.dispose]();
    await plane[Symbol.asyncDispose]();
  });

  /** The origin's answer to the first request; all later ones get a good answer. */
  function answerOnce(bytes: string, then?: (connection: OriginConnection) => void): void {
    plane.origin.onRequest = (connection) => {
      plane.origin.onRequest = answer(OK);
      connection.send(bytes);
      then?.(connection);
    };
  }

  test.each(BAD_HEADS)("502, and the upstream is destroyed: %s", async (_name, bytes) => {
    answerOnce(bytes);
    const client = await plane.open();
    const response = await client.send(GET).finalResponse();
    expect(response.status).toBe(502);
    expect(response.field("proxy-status")).toBe("sluice; error=http_protocol_error");
    await eventually(() => expect(plane.origin.connections[0]?.fate).not.toBe("open"));
    // The client did nothing wrong, so its connection goes on, over another upstream connection.
    expect((await client.send(GET).response()).body).toBe("ok");
    expect(plane.origin.connections).toHaveLength(2);
  });

  test.each([
    ["FIN before the head", "", "fin"],
    ["RST before the head", "", "reset"],
    ["FIN inside the head", "HTTP/1.1 200 OK\r\nX-", "fin"],
    ["RST inside the head", "HTTP/1.1 200 OK\r\nX-", "reset"],
    ["FIN between an interim response and the head", "HTTP/1.1 103 Early\r\n\r\n", "fin"],
  ] as const)("502 connection_terminated: %s", async (_name, bytes, how) => {
    answerOnce(bytes, end(how));
    const client = await plane.open();
    const response = await client.send(GET).finalResponse();
    expect(response.status).toBe(502);
    expect(response.field("proxy-status")).toBe("sluice; error=connection_terminated");
    expect((await client.send(GET).response()).body).toBe("ok");
  });

  test.each(BAD_BODIES)(
    "half a body never passes for a whole one: %s",
    async (_name, bytes, how) => {
      answerOnce(bytes, how === "reset" ? undefined : end(how));
      const [ok, reset] = [await plane.attempts("ok"), await plane.attempts("reset")];
      const client = await plane.open();
      client.send(GET);
      if (how === "reset") {
        await client.until("half");
        plane.origin.lastConnection.socket.resetAndDestroy();
      }
      expect(await client.ended()).toBe("reset");
      expect(client.text).not.toContain("\r\n0\r\n\r\n");
      await eventually(() => expect(plane.origin.connections[0]?.socket.destroyed).toBe(true));
      // One attempt, not one that went well and another that did not.
      await eventually(async () => expect(await plane.attempts("reset")).toBe(reset + 1));
      expect(await plane.attempts("ok")).toBe(ok);
    },
  );

  test.each(BAD_CHUNKS)("a bad chunk cuts the client too: %s", async (_name, bytes) => {
    answerOnce(`${CHUNKED}4\r\ngood\r\n`);
    const client = await plane.open();
    await client.send(GET).until("good");
    plane.origin.lastConnection.send(`${bytes}HTTP/1.1 200 OK\r\n\r\n`);
    expect(await client.ended()).toBe("reset");
    expect(client.text.endsWith("4\r\ngood\r\n")).toBe(true);
    await eventually(() => expect(plane.origin.connections[0]?.fate).not.toBe("open"));
  });

  test.each([
    ["a second answer", GET, `${OK}${responseOf("200 OK", "poison")}`, "ok"],
    ["bytes behind a Content-Length", GET, `${OK}more`, "ok"],
    ["bytes behind the last chunk", GET, `${CHUNKED}2\r\nok\r\n0\r\n\r\nmore`, "ok"],
    ["a body in answer to HEAD", head("HEAD / HTTP/1.1", "Host: web"), OK, ""],
    ["a body behind 204", GET, "HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nno", ""],
    ["a body behind 304", GET, "HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\nno", ""],
  ])("the response stands, its connection does not: %s", async (_name, request, bytes, body) => {
    answerOnce(bytes);
    const client = await plane.open();
    client.send(request);
    const response = await client.response(request.slice(0, 4).trim());
    expect(response.body).toBe(body);
    await eventually(() => expect(plane.origin.connections[0]?.fate).not.toBe("open"));
    // Nobody else gets what was left over.
    expect((await client.send(GET).response()).body).toBe("ok");
    expect(client.text).toBe("");
    expect(plane.origin.connections).toHaveLength(2);
  });

  test("bytes on an idle upstream connection answer nobody (CVE-2026-48931 class)", async () => {
    const client = await plane.open();
    expect((await client.send(GET).response()).body).toBe("ok");
    plane.origin.lastConnection.send(responseOf("200 OK", "poison"));
    await eventually(() => expect(plane.origin.connections[0]?.fate).not.toBe("open"));
    expect((await client.send(GET).response()).body).toBe("ok");
    expect(plane.origin.connections).toHaveLength(2);
  });

  test("an answer may have 256 fields, all of which arrive", async () => {
    const cookies = Array.from({ length: 255 }, (_, at) => `c${at}=${at}`);
    answerOnce(responseOf("200 OK", "ok", ...cookies.map((each) => `Set-Cookie: ${each}`)));
    const client = await plane.open();
    const { fields } = await client.send(GET).response();
    expect(fields.flatMap(([name, value]) => (name === "set-cookie" ? [value] : []))).toEqual(
      cookies,
    );
  });

  test("an upstream that says close is believed", async () => {
    answerOnce(responseOf("200 OK", "bye", "Connection: close"));
    const client = await plane.open();
    const response = await client.send(GET).response();
    expect(response.body).toBe("bye");
    expect(response.field("connection")).toBeUndefined();
    await eventually(() => expect(plane.origin.connections[0]?.fate).not.toBe("open"));
    expect((await client.send(GET).response()).body).toBe("ok");
  });

  test.each([
    ["refused", 502, "connection_refused"],
    ["nosocket", 502, "connection_refused"],
    ["nobody", 503, "destination_unavailable"],
    ["hangs", 504, "connection_timeout"],
    ["nothere", 404, "destination_not_found"],
  ])("no connection: %s gets %i %s, and the client's goes on", async (host, status, error) => {
    const client = await plane.open();
    const response = await client.send(head("GET / HTTP/1.1", `Host: ${host}`)).response();
    expect(response.status).toBe(status);
    expect(response.field("proxy-status")).toBe(`sluice; error=${error}`);
    expect(response.field("retry-after")).toBe(status === 503 ? "1" : undefined);
    expect((await client.send(GET).response()).body).toBe("ok");
  });

  test("HEAD gets an error without its body", async () => {
    const client = await plane.open();
    client.send(head("HEAD / HTTP/1.1", "Host: refused") + GET);
    expect((await client.response("HEAD")).status).toBe(502);
    expect((await client.response()).body).toBe("ok");
  });

  test("an error before the body was read closes, and the client gets to read it", async () => {
    const client = await plane.open();
    client.send(head("POST / HTTP/1.1", "Host: nobody", "Content-Length: 60000"));
    const response = await client.response();
    expect(response.field("connection")).toBe("close");
    client.send("x".repeat(60_000));
    expect(await client.ended()).toBe("fin");
  });

  test("answers a plain GET after all of that", () => plane.expectAlive());
});
