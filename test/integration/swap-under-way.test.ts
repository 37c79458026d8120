import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { RawOrigin, answer } from "../support/origin.ts";
import type { OriginConnection, OriginRequest } from "../support/origin.ts";
import { RawSocket } from "../support/raw-socket.ts";
import type { RawTarget } from "../support/raw-socket.ts";
import { complaintsOf, startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { closeBytes, textFrame } from "../support/web-socket-frames.ts";

/*
 * Goal: whatever is under way when the workers are swapped ends well, and its connection goes on.
 * Method: raw sockets on both sides, stopped in the middle of things; one swap; then they go on.
 */

const GET = "GET / HTTP/1.1\r\nHost: web\r\n\r\n";
const UPGRADE = [
  "GET / HTTP/1.1",
  "Host: web",
  "Connection: upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
].join("\r\n");
const SWITCH = [
  "HTTP/1.1 101 Switching Protocols",
  "Connection: upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
].join("\r\n");
const MASK = Buffer.from([1, 2, 3, 4]);

const DOWNLOAD_BYTES = 100 * 2 ** 20;
const UPLOAD_BYTES = 1_000_000;

let origin: RawOrigin;
let sidecar: TestSidecar;
const clients: RawSocket[] = [];

beforeEach(async () => {
  const folder = await temporaryFolder();
  origin = await RawOrigin.start({ path: join(folder, "origin") });
  const services = { web: { versions: { v1: { endpoints: [origin.address] } } } };
  const listeners = [{ bind: "127.0.0.1:0" }, { bind: `unix:${join(folder, "listener")}` }];
  sidecar = await startSidecar({ listeners, services });
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await sidecar.stop();
  origin[Symbol.dispose]();
});

async function open(target: RawTarget = { port: sidecar.ports[0] ?? 0 }): Promise<RawSocket> {
  const client = await RawSocket.open(target);
  clients.push(client);
  return client;
}

/** Swaps the workers. Resolves once the new ones serve. */
async function swap(): Promise<void> {
  const response = await sidecar.call("POST", "/v1/workers/swap", { trial: "0s" });
  expect([response.status, await response.json()]).toMatchObject([200, {}]);
}

/** Resolves once the old workers have ended by themselves. */
async function untilOneWorker(): Promise<void> {
  await eventually(() => expect(sidecar.workerPids()).toHaveLength(1), 20_000);
  expect(complaintsOf(sidecar)).toEqual([]);
}

/** The connection goes on: the new worker answers it, and it has never been closed. */
async function expectUsable(client: RawSocket): Promise<void> {
  origin.onRequest = answer("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext");
  expect((await client.send(GET).response()).body).toBe("next");
  expect(client.fate).toBe("open");
}

async function tunnel(
  target?: RawTarget,
): Promise<{ readonly client: RawSocket; readonly server: OriginConnection }> {
  origin.onRequest = answer(SWITCH);
  const client = await open(target);
  expect((await client.send(UPGRADE).response()).status).toBe(101);
  return { client, server: origin.lastConnection };
}

function answerWithPath(connection: OriginConnection, { line }: OriginRequest): void {
  const path = line.split(" ")[1] ?? "";
  connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\n\r\n${path}`);
}

function latin1(bytes: Buffer): string {
  return bytes.toString("latin1");
}

/** Sends a body of zeros as fast as it is taken. */
async function sendZeros({ socket }: OriginConnection, length: number): Promise<void> {
  const piece = Buffer.alloc(65_536);
  for (let left = length; left > 0; left -= piece.length) {
    const isTaken = socket.write(piece.subarray(0, Math.min(left, piece.length)));
    if (!isTaken) await new Promise((resolve) => socket.once("drain", resolve));
  }
}

test("a download of 100 MiB ends where it began, and its connection goes on", async () => {
  origin.onRequest = (connection) => {
    connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${DOWNLOAD_BYTES}\r\n\r\n`);
    void sendZeros(connection, DOWNLOAD_BYTES);
  };
  const client = await open();
  let received = 0;
  let head = "";
  const wait = Promise.withResolvers<void>();
  client.socket.removeAllListeners("data");
  client.socket.on("data", (bytes: Buffer) => {
    received += bytes.length;
    if (head === "") head = bytes.toString("latin1", 0, bytes.indexOf("\r\n\r\n") + 4);
    if (received - head.length === DOWNLOAD_BYTES) wait.resolve();
  });
  client.send(GET);
  await eventually(() => expect(received).toBeGreaterThan(2 ** 20));
  client.pause();
  await swap();
  expect(sidecar.workerPids()).toHaveLength(2);
  client.resume();
  await wait.promise;
  await untilOneWorker();
  client.socket.removeAllListeners("data");
  const answered = new Promise((resolve) => client.socket.once("data", resolve));
  origin.onRequest = answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  client.send(GET);
  expect(String(await answered)).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
}, 120_000);

test("a slow upload arrives whole, and its connection goes on", async () => {
  const bodies: string[] = [];
  origin.onRequest = (connection, { text }) => {
    bodies.push(createHash("sha256").update(text.slice(-UPLOAD_BYTES)).digest("hex"));
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ntaken");
  };
  const body = Array.from({ length: UPLOAD_BYTES / 10 }, (_, at) => `${at}`.padEnd(10)).join("");
  const client = await open();
  client.send(`POST / HTTP/1.1\r\nHost: web\r\nContent-Length: ${UPLOAD_BYTES}\r\n\r\n`);
  client.send(body.slice(0, 300_000));
  await eventually(() => expect(origin.connections).toHaveLength(1));
  await swap();
  for (let at = 300_000; at < UPLOAD_BYTES; at += 100_000) {
    client.send(body.slice(at, at + 100_000));
    await sleep(5);
  }
  expect((await client.response()).body).toBe("taken");
  expect(bodies).toEqual([createHash("sha256").update(body).digest("hex")]);
  await untilOneWorker();
  await expectUsable(client);
});

test("a head that comes byte by byte over several swaps is one request", async () => {
  const client = await open();
  const head = "GET /slowly HTTP/1.1\r\nHost: web\r\n\r\n";
  for (let at = 0; at < head.length; at += 9) {
    client.send(head.slice(at, at + 9));
    await swap();
  }
  expect((await client.response()).status).toBe(200);
  expect(origin.requests.map(({ line }) => line)).toEqual(["GET /slowly HTTP/1.1"]);
  await untilOneWorker();
});

test("pipelined requests are answered once each and in order", async () => {
  const held: [OriginConnection, OriginRequest][] = [];
  origin.onRequest = (...request) => void held.push(request);
  const client = await open();
  const paths = Array.from({ length: 50 }, (_, each) => `/${each}`);
  client.send(paths.map((path) => GET.replace("/", path)).join(""));
  await eventually(() => expect(held).toHaveLength(1));
  await swap();
  origin.onRequest = answerWithPath;
  for (const [connection, request] of held) answerWithPath(connection, request);
  const bodies: string[] = [];
  for (const _ of paths) bodies.push((await client.response()).body);
  expect(bodies).toEqual(paths);
  expect(origin.requests.map(({ line }) => line.split(" ")[1])).toEqual(paths);
  await untilOneWorker();
  await expectUsable(client);
});

test("a long poll keeps its old worker until it is answered", async () => {
  origin.onRequest = () => undefined;
  const client = (await open()).send(GET);
  await eventually(() => expect(origin.requests).toHaveLength(1));
  const [poll] = origin.connections;
  for (let swaps = 0; swaps < 3; swaps += 1) await swap();
  // Those in between had nothing to wait for.
  await eventually(() => expect(sidecar.workerPids()).toHaveLength(2));
  poll?.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nanswer");
  expect((await client.response()).body).toBe("answer");
  await untilOneWorker();
});

test("a WebSocket in the middle of a frame goes on with the rest of it, both ways", async () => {
  const { client, server } = await tunnel();
  const [question, reply] = [textFrame("Who is there?", MASK), textFrame("Nobody")];
  client.send(question.subarray(0, 9));
  server.send(reply.subarray(0, 4));
  await client.until(latin1(reply.subarray(0, 4)));
  await eventually(() => expect(server.received).toContain(latin1(question.subarray(0, 9))));
  await swap();
  await untilOneWorker();
  client.send(question.subarray(9));
  await eventually(() => expect(server.received).toContain(latin1(question)));
  // The position within the frames came along, so our Close waits for the end of this one.
  sidecar.child.kill("SIGTERM");
  await eventually(() => expect(sidecar.log.at(-1)?.event).toBe("drain.begin"));
  server.send(reply.subarray(4));
  await client.until(latin1(reply) + latin1(closeBytes(1001)));
});

test("a tunnel that is half closed ends where it is, with all that was still to come", async () => {
  const { client, server } = await tunnel();
  server.socket.removeAllListeners("end");
  const halved = new Promise((resolve) => server.socket.once("end", resolve));
  client.send("goodbye").finish();
  await halved;
  await swap();
  expect(sidecar.workerPids()).toHaveLength(2);
  server.send("and the rest");
  await client.until("and the rest");
  server.socket.end();
  expect(await client.ended()).toBe("fin");
  expect(server.received).toContain("goodbye");
  await untilOneWorker();
});

test("Unix sockets go as others do, on both sides", async () => {
  const address = sidecar.log.filter(({ event }) => event === "listener.open").at(-1)?.["address"];
  const target = { path: String(address).slice("unix:".length) };
  const idle = await open(target);
  await expectUsable(idle);
  const { client, server } = await tunnel(target);
  await swap();
  await untilOneWorker();
  await expectUsable(idle);
  client.send("to the server");
  server.send("to the client");
  await client.until("to the client");
  await eventually(() => expect(server.received).toContain("to the server"));
});
