import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { Server } from "node:http";
import { connect } from "node:http2";
import type { ClientHttp2Session } from "node:http2";
import type { AddressInfo } from "node:net";
import type { Readable } from "node:stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { seededRandom } from "../../../proxy/base/random.ts";
import { startSidecar } from "../../support/sidecar.ts";
import type { TestSidecar } from "../../support/sidecar.ts";

/*
 * Goal: bodies far above all windows come through unchanged, both ways at once, on one connection.
 * Method: an origin that sends a large body, and answers with the hash of what it gets.
 */

const BODY = noise(8 * 1024 * 1024);
/** Above what this session of Node's sends at once. */
const SESSION_MEGABYTES = 100;

let origin: Server;
let sidecar: TestSidecar;
let session: ClientHttp2Session;

beforeAll(async () => {
  origin = createServer((request, response) => {
    if (request.method === "GET") response.end(BODY);
    else void hashOf(request).then((hash) => response.end(hash));
  }).listen(0, "127.0.0.1");
  await once(origin, "listening");
  const { port } = origin.address() as AddressInfo;
  const versions = { v1: { endpoints: [`127.0.0.1:${port}`] } };
  sidecar = await startSidecar({
    workers: 1,
    services: { web: { hosts: ["127.0.0.1"], versions } },
  });
  const url = `http://127.0.0.1:${sidecar.ports[0]}`;
  session = connect(url, { maxSessionMemory: SESSION_MEGABYTES });
});

afterAll(async () => {
  session.destroy();
  await sidecar.stop();
  origin.close();
  origin.closeAllConnections();
});

/** Words that repeat nowhere near. */
function noise(bytes: number): Buffer {
  const words = new Uint32Array(bytes / 4);
  const random = seededRandom(9113);
  for (let at = 0; at < words.length; at += 1) words[at] = random.next() * 2 ** 32;
  return Buffer.from(words.buffer);
}

async function hashOf(body: Readable): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of body) hash.update(piece as Buffer);
  return hash.digest("hex");
}

async function textOf(body: Readable): Promise<string> {
  let text = "";
  for await (const piece of body) text += String(piece);
  return text;
}

test("several large bodies pass each other on one connection, unchanged", async () => {
  const down = Array.from({ length: 3 }, () => hashOf(session.request({ ":path": "/" })));
  const up = Array.from({ length: 3 }, async () => {
    const stream = session.request({ ":method": "POST", ":path": "/" });
    stream.end(BODY);
    return textOf(stream);
  });
  const hash = createHash("sha256").update(BODY).digest("hex");
  expect(await Promise.all([...down, ...up])).toEqual(Array.from({ length: 6 }, () => hash));
});
