import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer as createHttp1, request as requestHttp1 } from "node:http";
import type { IncomingMessage, OutgoingHttpHeaders, Server, ServerResponse } from "node:http";
import { connect as connectHttp2, createServer as createHttp2 } from "node:http2";
import type { ClientHttp2Session, Http2Server } from "node:http2";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import { connect as connectTcp } from "node:net";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { startSidecar } from "../../support/sidecar.ts";
import type { TestSidecar } from "../../support/sidecar.ts";
import { textFrame } from "../../support/web-socket-frames.ts";

/*
 * Goal: what HTTP has in both its versions arrives whole whichever of them each side speaks.
 * Method: Node's clients and servers at both ends of a real sidecar, in all four combinations.
 */

/** Above a frame, so that a head goes on in CONTINUATION, and below what a head may have. */
const LARGE = "x".repeat(20_000);
const HEAD_BYTES_MAX = 64 * 1024;
const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const WEBSOCKET_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

type Request = IncomingMessage | Http2ServerRequest;
type Response = ServerResponse | Http2ServerResponse;

function answer(request: Request, response: Response): void {
  const { url = "" } = request;
  if (url === "/hints") response.writeEarlyHints({ link: "</a.css>; rel=preload" });
  if (url === "/echo") return void (request as IncomingMessage).pipe(response as ServerResponse);
  if (url === "/trailers") return answerTrailers(request, response);
  request.resume();
  if (url === "/large") response.setHeader("x-large", LARGE);
  if (url === "/204") response.statusCode = 204;
  if (url === "/304") response.statusCode = 304;
  if (url === "/304") response.setHeader("etag", '"1"');
  if (url === "/nine") response.setHeader("content-length", "9");
  const { host, cookie, "x-large": large = "", ":authority": authority } = request.headers;
  const seen = { host: authority ?? host, cookie, large: large.length };
  const hasBody = request.method !== "HEAD" && response.statusCode === 200;
  (response as ServerResponse).end(hasBody ? JSON.stringify(seen) : "");
  return undefined;
}

function answerTrailers(request: Request, response: Response): void {
  request.resume().on("end", () => {
    response.setHeader("trailer", "x-seen");
    (response as ServerResponse).write("body");
    response.addTrailers({ "x-seen": String(request.trailers["x-sent"]) });
    response.end();
  });
}

function goOn(request: Request, response: Response): void {
  response.writeContinue();
  answer(request, response);
}

/** An origin of HTTP/1.1 that echoes what comes on a WebSocket, not that it is one. */
function startHttp1(): Server {
  const server = createHttp1({ maxHeaderSize: HEAD_BYTES_MAX }, answer).on("checkContinue", goOn);
  server.on("upgrade", ({ headers }: IncomingMessage, socket: Duplex) => {
    const key = `${headers["sec-websocket-key"]}${WEBSOCKET_GUID}`;
    const accept = createHash("sha1").update(key).digest("base64");
    socket.write(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    socket.pipe(socket);
  });
  return server.listen(0, "127.0.0.1");
}

/** The same of HTTP/2. */
function startHttp2(): Http2Server {
  const server = createHttp2({ settings: { enableConnectProtocol: true } }, answer);
  server.on("checkContinue", goOn);
  server.on("connect", (_: Http2ServerRequest, { stream }: Http2ServerResponse) => {
    stream.respond({ ":status": 200 });
    stream.pipe(stream);
  });
  return server.listen(0, "127.0.0.1");
}

let http1: Server;
let http2: Http2Server;
let sidecar: TestSidecar;

beforeAll(async () => {
  [http1, http2] = [startHttp1(), startHttp2()];
  await Promise.all([http1, http2].map((server) => once(server, "listening")));
  const addresses = [http1, http2].map((server) => (server.address() as AddressInfo).port);
  const [v1, v2] = addresses.map((port) => ({ v1: { endpoints: [`127.0.0.1:${port}`] } }));
  const services = {
    one: { hosts: ["one"], versions: v1 },
    two: { hosts: ["two"], versions: v2, upstream: { protocol: "h2" } },
  };
  sidecar = await startSidecar({ workers: 1, services });
});

afterAll(async () => {
  await sidecar.stop();
  for (const server of [http1, http2]) server.close();
});

/** What a client sends. */
type Asked = {
  readonly path: string;
  readonly method?: string;
  readonly fields?: OutgoingHttpHeaders;
  /** Sent once the endpoint asks for it, if `expect` is one of the fields. */
  readonly body?: string;
  readonly trailers?: OutgoingHttpHeaders;
};

/** What it got: fields that it was told of, and statuses of interim answers before them. */
type Got = {
  readonly interims: readonly number[];
  readonly status: number;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly body: string;
  readonly trailers: Readonly<Record<string, unknown>>;
};

/** A client of one of the versions, for a service by its host. */
type Client = {
  ask(host: string, asked: Asked): Promise<Got>;
  /** A WebSocket as bytes, once it stands. */
  open(host: string): Promise<Duplex>;
};

async function readAll(body: NodeJS.ReadableStream): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of body) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString("latin1");
}

const HTTP1_CLIENT: Client = {
  async ask(host, { path, method = "GET", fields = {}, body, trailers }) {
    const more = trailers && { trailer: "x-sent", te: "trailers", connection: "te" };
    const headers: OutgoingHttpHeaders = { ...fields, ...more, host };
    const asking = requestHttp1({
      host: "127.0.0.1",
      port: sidecar.ports[0],
      path,
      method,
      maxHeaderSize: HEAD_BYTES_MAX,
      headers,
    });
    const interims: number[] = [];
    asking.on("information", ({ statusCode }) => interims.push(statusCode));
    const answered = once(asking, "response") as Promise<[IncomingMessage]>;
    if (fields["expect"] !== undefined) {
      asking.flushHeaders();
      await once(asking, "continue");
    }
    if (trailers !== undefined) asking.addTrailers(Object.entries(trailers) as never);
    asking.end(body);
    const [response] = await answered;
    const got = { interims, status: response.statusCode ?? 0, fields: response.headers };
    return { ...got, body: await readAll(response), trailers: response.trailers };
  },
  async open(host) {
    const socket = connectTcp(Number(sidecar.ports[0]), "127.0.0.1");
    onTestFinished(() => void socket.destroy());
    socket.write(
      `GET /chat HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${KEY}\r\n\r\n`,
    );
    const [head] = (await once(socket, "data")) as [Buffer];
    expect(head.toString()).toMatch(/^HTTP\/1.1 101 [^]*s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/i);
    return socket;
  },
};

async function session(): Promise<ClientHttp2Session> {
  const made = connectHttp2(`http://127.0.0.1:${sidecar.ports[0]}`);
  onTestFinished(() => made.destroy());
  await once(made, "remoteSettings");
  return made;
}

const HTTP2_CLIENT: Client = {
  async ask(host, { path, method = "GET", fields = {}, body, trailers }) {
    const head = { ":method": method, ":path": path, ":authority": host, te: "trailers" };
    const options = { endStream: body === undefined, waitForTrailers: trailers !== undefined };
    const stream = (await session()).request({ ...head, ...fields }, options);
    const interims: number[] = [];
    let told = {};
    stream.on("headers", (each) => interims.push(Number(each[":status"])));
    stream.on("trailers", (each) => (told = { ...each }));
    if (trailers !== undefined) stream.once("wantTrailers", () => stream.sendTrailers(trailers));
    if (fields["expect"] !== undefined) await once(stream, "continue");
    if (body !== undefined) stream.end(body);
    const [response] = (await once(stream, "response")) as [Readonly<Record<string, unknown>>];
    const got = { interims, status: Number(response[":status"]), fields: response };
    return { ...got, body: await readAll(stream), trailers: told };
  },
  async open(host) {
    const fields = { ":authority": host, ":path": "/chat", "sec-websocket-version": "13" };
    const head = { ":method": "CONNECT", ":protocol": "websocket", ...fields };
    const stream = (await session()).request(head, { endStream: false });
    const [response] = (await once(stream, "response")) as [Readonly<Record<string, unknown>>];
    expect(response[":status"]).toBe(200);
    return stream;
  },
};

const CLIENTS: Readonly<Record<string, Client>> = {
  "HTTP/1.1": HTTP1_CLIENT,
  "HTTP/2": HTTP2_CLIENT,
};
const HOSTS: Readonly<Record<string, string>> = { "HTTP/1.1": "one", "HTTP/2": "two" };
const COMBINATIONS = Object.keys(CLIENTS).flatMap((by) =>
  Object.keys(HOSTS).map((to) => [by, to] as const),
);

describe.each(COMBINATIONS)("From a client of %s to an endpoint of %s", (by, to) => {
  const client = CLIENTS[by] as Client;
  const host = HOSTS[to] as string;

  test("early hints pass before the answer", async () => {
    const { interims, status } = await client.ask(host, { path: "/hints" });
    expect([interims, status]).toEqual([[103], 200]);
  });

  test("100-continue is asked for and given, and then the body comes", async () => {
    const fields = { expect: "100-continue", "content-length": 4 };
    const got = await client.ask(host, { path: "/echo", method: "PUT", fields, body: "body" });
    expect([got.status, got.body]).toEqual([200, "body"]);
  });

  test("trailers pass both ways", async () => {
    const trailers = { "x-sent": "by the client" };
    const asked = { path: "/trailers", method: "POST", body: "body", trailers };
    const got = await client.ask(host, asked);
    expect([got.body, got.trailers["x-seen"]]).toEqual(["body", "by the client"]);
  });

  test("the host is one, cookies are one field, and a large head is whole", async () => {
    const crumbs = by === "HTTP/2" ? ["a=1", "b=2"] : "a=1; b=2";
    const got = await client.ask(host, { path: "/", fields: { cookie: crumbs, "x-large": LARGE } });
    const seen = { host, cookie: "a=1; b=2", large: LARGE.length };
    expect(JSON.parse(got.body)).toEqual(seen);
  });

  test("a large head of an answer is whole", async () => {
    expect((await client.ask(host, { path: "/large" })).fields["x-large"]).toBe(LARGE);
  });

  test.each([
    ["HEAD", "/nine", 200, { "content-length": "9" }],
    ["GET", "/204", 204, {}],
    ["GET", "/304", 304, { etag: '"1"' }],
    ["HEAD", "/304", 304, { etag: '"1"' }],
  ])("%s %s has no body, and says what it may", async (method, path, status, fields) => {
    const got = await client.ask(host, { path, method });
    expect([got.status, got.body]).toEqual([status, ""]);
    expect(got.fields).toMatchObject(fields);
    if (status === 204) expect(got.fields).not.toHaveProperty("content-length");
  });

  test("WebSockets pass", async () => {
    const socket = await client.open(host);
    let received = "";
    socket.on("data", (piece: Buffer) => (received += piece.toString("latin1")));
    const frame = Buffer.from(textFrame("hello", Buffer.from([1, 2, 3, 4])));
    socket.write(frame);
    await eventually(() => expect(received).toBe(frame.toString("latin1")));
    socket.end();
    await eventually(() => expect(socket.readableEnded).toBe(true));
  });
});
