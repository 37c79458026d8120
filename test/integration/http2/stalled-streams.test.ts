import { once } from "node:events";
import { connect as connectHttp2, createServer as createHttp2 } from "node:http2";
import type { ClientHttp2Session } from "node:http2";
import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { setTimeout as passed } from "node:timers/promises";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { Http2Origin } from "../../support/http2-origin.ts";
import { RawSocket } from "../../support/raw-socket.ts";
import { startSidecar } from "../../support/sidecar.ts";
import type { TestSidecar } from "../../support/sidecar.ts";

/*
 * Goal: bodies that nobody takes keep no other body of their connection waiting. Method: more of
 * them than there are wide windows, on one connection of a real sidecar, beside one that flows.
 */

/** Each is more than two kernels keep for somebody who does not read. */
const LARGE = Array.from({ length: 256 }, () => Buffer.alloc(64 * 1024, "x"));
const STALLED = 12;
/** Some times the window of a stream. */
const FLOWING = "y".repeat(1_000_000);
const SETTLE_MS = 50;

/** Answers whose windows are all of their connection's, had it one of a megabyte. */
const AT_ONCE = 24;
/** Node's server ends an answer that finds a connection's window used up by a reset, not an end. */
const hasty = createHttp2((_request, response) => response.end(FLOWING.slice(0, 400_000)));

/** Accepts, and never reads. */
const deaf = createServer({ pauseOnConnect: true });
const held: Socket[] = [];
let origin: Http2Origin;
let sidecar: TestSidecar;

beforeAll(async () => {
  deaf.on("connection", (socket) => held.push(socket.on("error", () => undefined)));
  await once(deaf.listen(0, "127.0.0.1"), "listening");
  await once(hasty.listen(0, "127.0.0.1"), "listening");
  origin = await Http2Origin.start();
  const [toDeaf, toHasty] = [deaf, hasty].map((server) => {
    const { port } = server.address() as AddressInfo;
    return { v1: { endpoints: [`127.0.0.1:${port}`] } };
  });
  const toOrigin = { v1: { endpoints: [origin.address] } };
  const upstream = { protocol: "h2" };
  const services = {
    deaf: { hosts: ["deaf"], versions: toDeaf },
    web: { hosts: ["web"], versions: toOrigin, upstream },
    hasty: { hosts: ["hasty"], versions: toHasty, upstream },
  };
  sidecar = await startSidecar({ workers: 1, services });
});

afterAll(async () => {
  await sidecar.stop();
  origin[Symbol.dispose]();
  for (const socket of held) socket.destroy();
  for (const server of [deaf, hasty]) server.close();
});

/** Waits until nothing moves any more. */
async function settled(read: () => number): Promise<void> {
  let before = -1;
  await eventually(async () => {
    const now = read();
    const hasMoved = now !== before;
    before = now;
    if (hasMoved) await passed(SETTLE_MS);
    expect(hasMoved || now === 0).toBe(false);
  });
}

async function sessionToSidecar(): Promise<ClientHttp2Session> {
  const session = connectHttp2(`http://127.0.0.1:${sidecar.ports[0]}`);
  onTestFinished(() => session.destroy());
  await once(session, "remoteSettings");
  return session;
}

function upload(session: ClientHttp2Session, host: string, body: Iterable<string | Buffer>) {
  const fields = { ":method": "POST", ":path": "/", ":authority": host };
  const stream = session.request(fields).on("error", () => undefined);
  Readable.from(body).pipe(stream);
  return stream;
}

test("Uploads that an endpoint does not read keep no other upload waiting", async () => {
  const session = await sessionToSidecar();
  origin.onRequest = ({ stream }) => {
    stream.respond({ ":status": 200 });
    stream.pipe(stream);
  };
  const stalled = Array.from({ length: STALLED }, () => upload(session, "deaf", LARGE));
  await settled(() => session.socket.bytesWritten);
  const flowing = upload(session, "web", [FLOWING]);
  expect((await text(flowing)) === FLOWING).toBe(true);
  expect(stalled.every(({ closed }) => !closed)).toBe(true);
});

test("Answers that clients do not read keep none of their endpoint waiting", async () => {
  origin.onRequest = ({ stream, fields }) => {
    stream.respond({ ":status": 200 });
    Readable.from(fields[":path"] === "/large" ? LARGE : [FLOWING]).pipe(stream);
  };
  const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n`;
  const target = { port: sidecar.ports[0] ?? 0 };
  for (let at = 0; at < STALLED; at += 1) {
    const client = await RawSocket.open(target);
    onTestFinished(() => client.close());
    client.socket.pause();
    client.send(get("/large"));
  }
  await origin.received(STALLED);
  await settled(() => origin.sessions.reduce((sum, { socket }) => sum + socket.bytesWritten, 0));
  const reader = await RawSocket.open(target);
  onTestFinished(() => reader.close());
  reader.send(get("/"));
  await reader.until(FLOWING.slice(-1000));
  await eventually(() => expect(reader.fate).toBe("fin"));
  expect(reader.text.match(/y/g)).toHaveLength(FLOWING.length);
  expect(origin.connections).toBe(1);
});

test("Answers of a server that ends them hastily arrive whole, however many at once", async () => {
  const session = await sessionToSidecar();
  const answers = Array.from({ length: AT_ONCE }, () =>
    text(session.request({ ":path": "/", ":authority": "hasty" })),
  );
  const sizes = (await Promise.all(answers)).map(({ length }) => length);
  expect(sizes).toEqual(answers.map(() => 400_000));
});
