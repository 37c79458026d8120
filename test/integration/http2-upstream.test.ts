import { request } from "node:http";
import type { IncomingMessage } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { join } from "node:path";
import { writeFile } from "node:fs/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { createAuthority } from "../support/authority.ts";
import { eventually } from "../support/eventually.ts";
import { Http2Origin } from "../support/http2-origin.ts";
import type { Http2Script } from "../support/http2-origin.ts";
import { startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";
import { textFrame } from "../support/web-socket-frames.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/*
 * Goal: clients of HTTP/1.1 get from endpoints that speak HTTP/2 what they would get from others.
 * Method: a real sidecar between Node's client and Node's server (nghttp2).
 */

const HANDSHAKE =
  "GET /chat HTTP/1.1\r\nHost: web\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

async function startOrigin(script: Http2Script, ...args: Parameters<typeof Http2Origin.start>) {
  const origin = await Http2Origin.start(...args);
  onTestFinished(() => origin[Symbol.dispose]());
  origin.onRequest = script;
  return origin;
}

async function sidecarFor(endpoint: string, service: object = {}): Promise<TestSidecar> {
  const versions = { v1: { endpoints: [endpoint] } };
  const sidecar = await startSidecar({
    services: { web: { upstream: { protocol: "h2" }, versions, ...service } },
  });
  onTestFinished(sidecar.stop);
  return sidecar;
}

type Asked = { readonly method?: string; readonly body?: string; readonly path?: string };

/** Asks the sidecar for the service. */
async function ask(
  { ports: [port] }: TestSidecar,
  { method = "GET", body, path = "/" }: Asked = {},
): Promise<IncomingMessage & { readonly body: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const headers = { host: "web", te: "trailers", connection: "te" };
  request({ port, host: "127.0.0.1", method, path, headers }, resolve)
    .on("error", reject)
    .end(body);
  const response = await promise;
  return Object.assign(response, { body: await text(response) });
}

/** Answers with what was asked, in two pieces, and trailers. */
const echo: Http2Script = ({ stream, fields }) => {
  stream.respond(
    { ":status": 201, "x-method": fields[":method"] ?? "" },
    { waitForTrailers: true },
  );
  stream.once("wantTrailers", () => stream.sendTrailers({ "x-end": "whole" }));
  stream.pipe(stream);
};

describe("An endpoint of HTTP/2", () => {
  test("gets bodies of any size, and gives them back with their trailers", async () => {
    const origin = await startOrigin(echo);
    const sidecar = await sidecarFor(origin.address);
    for (const size of [0, 1, 20_000, 3_000_000]) {
      const body = "abcdefgh".repeat(Math.ceil(size / 8)).slice(0, size);
      const answer = await ask(sidecar, { method: "POST", body });
      expect([answer.statusCode, answer.headers["x-method"]]).toEqual([201, "POST"]);
      expect(answer.body === body).toBe(true);
      expect(answer.trailers).toEqual({ "x-end": "whole" });
    }
    expect(origin.sessions.length).toBe(1);
  });

  test("is one of many: requests are spread, and refused ones go elsewhere", async () => {
    const refusing = await startOrigin(({ stream }) => stream.close(7));
    const well = await startOrigin(echo);
    const versions = { v1: { endpoints: [refusing.address, well.address] } };
    const retries = { budget: { percent: 100 } };
    const sidecar = await sidecarFor("", { versions, retries, ejection: { consecutive: 0 } });
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => ask(sidecar, { method: "POST", body: "x" })),
    );
    expect(answers.map(({ statusCode }) => statusCode)).toEqual(Array<number>(20).fill(201));
    expect(refusing.requests.length).toBeGreaterThan(0);
  });

  test("hears at once that a client has left, and of nothing else", async () => {
    const origin = await startOrigin(({ stream, fields }) => {
      if (fields[":path"] === "/whole") echo(origin.requests.at(-1) as never);
      else stream.respond({ ":status": 200 });
    });
    const sidecar = await sidecarFor(origin.address);
    const headers = { host: "web" };
    const leaving = request({ port: sidecar.ports[0], host: "127.0.0.1", path: "/half", headers });
    leaving.on("error", () => undefined).end();
    await origin.received(1);
    leaving.socket?.resetAndDestroy();
    await eventually(() => expect(origin.requests[0]?.end).toBe("reset 8"));
    expect((await ask(sidecar, { path: "/whole" })).statusCode).toBe(201);
    expect(origin.sessions.length).toBe(1);
  });

  test("gets the WebSockets of clients of HTTP/1.1 (RFC 8441)", async () => {
    const origin = await startOrigin(
      ({ stream }) => {
        stream.respond({ ":status": 200, "sec-websocket-protocol": "chat" });
        stream.once("data", (piece: Buffer) => stream.write(piece.toReversed()));
        stream.once("end", () => stream.end());
      },
      { enableConnectProtocol: true },
    );
    const sidecar = await sidecarFor(origin.address);
    const socket = connect(Number(sidecar.ports[0]), "127.0.0.1");
    onTestFinished(() => void socket.destroy());
    let received = "";
    socket.on("data", (piece: Buffer) => (received += piece.toString("latin1")));
    socket.write(HANDSHAKE);
    await eventually(() => expect(received).toMatch(/\r\n\r\n$/));
    expect(received).toMatch(/^HTTP\/1.1 101 /);
    expect(received).toContain("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n");
    expect(received).toContain("sec-websocket-protocol: chat\r\n");
    expect(origin.requests[0]?.fields[":protocol"]).toBe("websocket");
    received = "";
    const frame = textFrame("hello", Buffer.from([1, 2, 3, 4]));
    socket.write(frame);
    await eventually(() =>
      expect(received).toBe(Buffer.from(frame.toReversed()).toString("latin1")),
    );
    socket.end();
    await eventually(() => expect(origin.requests[0]?.end).toBe("end"));
    await eventually(() => expect(socket.readableEnded).toBe(true));
    expect((await ask(sidecar)).statusCode).toBe(200);
  });

  test("that does not know WebSocket is not asked for one", async () => {
    const origin = await startOrigin(echo);
    const sidecar = await sidecarFor(origin.address);
    const socket = connect(Number(sidecar.ports[0]), "127.0.0.1").end(HANDSHAKE);
    onTestFinished(() => void socket.destroy());
    expect(await text(socket)).toMatch(/^HTTP\/1.1 502 [^]*error=http_upgrade_failed/);
    expect((await ask(sidecar)).statusCode).toBe(201);
    expect(origin.requests.length).toBe(1);
  });

  test("over TLS is spoken to in what it chooses", async () => {
    const authority = createAuthority();
    const { certPem: cert, keyPem: key } = authority.issue({ names: ["IP:127.0.0.1"] });
    const ca = join(await temporaryFolder(), "ca.pem");
    await writeFile(ca, authority.pem);
    const upstream = { protocol: "auto", tls: { ca } };
    const both = await startOrigin(echo, {}, { cert, key, allowHTTP1: true });
    const sidecar = await sidecarFor(both.address, { upstream });
    expect((await ask(sidecar)).statusCode).toBe(201);
    expect(both.requests[0]?.fields[":scheme"]).toBe("https");
    const { createServer } = await import("node:https");
    const one = createServer({ cert, key }, (_request, response) => response.end("by h1"));
    one.listen(0, "127.0.0.1");
    onTestFinished(() => one.close().closeAllConnections());
    await eventually(() => expect(one.listening).toBe(true));
    const { port } = one.address() as { port: number };
    const plain = await sidecarFor(`127.0.0.1:${port}`, { upstream });
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask(plain)));
    expect(new Set(answers.map(({ body }) => body))).toEqual(new Set(["by h1"]));
    const only = await sidecarFor(`127.0.0.1:${port}`, {
      upstream: { protocol: "h2", tls: { ca } },
    });
    expect((await ask(only)).statusCode).toBe(502);
  });
});
