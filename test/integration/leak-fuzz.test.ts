import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeAuthority, makeCertificate } from "../support/certificates.ts";
import { FUZZ_PARAMETERS, SEED, SHORT_FUZZ_MS } from "../support/fuzz.ts";
import { PatternedOrigin, patterned } from "../support/patterned-origin.ts";
import { RawSocket } from "../support/raw-socket.ts";
import { complaintsOf, startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";

/*
 * Goal: no byte of one exchange ever gets into another one, in clear or over TLS. Method: many
 * clients at once whose bodies say whose they are, through one worker of a real sidecar: pipelined,
 * cut anywhere, read slowly, reset by either side, and while workers are swapped.
 */

/** Where clients come in, and what the endpoint speaks. */
const WAYS = ["clear-clear", "tls-clear", "tls-tls"] as const;

type Way = (typeof WAYS)[number];

const byteCount = fc.oneof(fc.nat({ max: 300 }), fc.nat({ max: 150_000 }));
const request = fc.record({
  bodyBytes: byteCount,
  answerBytes: byteCount,
  framing: fc.constantFrom("length", "chunked"),
  isCut: fc.nat({ max: 15 }).map((one) => one === 0),
});
const session = fc.record({
  way: fc.constantFrom(...WAYS),
  requests: fc.array(request, { minLength: 1, maxLength: 4 }),
  pieceBytes: fc.integer({ min: 500, max: 100_000 }),
  /** Turns of the event loop in which nothing is read, after all was sent. */
  pauseTurns: fc.nat({ max: 30 }),
  /** Of all that there is to send, the share after which the client resets. 1 and above: never. */
  leavesAt: fc.nat({ max: 399 }).map((percent) => percent / 100),
});
const round = fc.record({
  sessions: fc.array(session, { minLength: 6, maxLength: 12 }),
  swaps: fc.nat({ max: 3 }).map((one) => one === 0),
});

type Request = typeof request extends fc.Arbitrary<infer Plan> ? Plan : never;
type Session = typeof session extends fc.Arbitrary<infer Plan> ? Plan : never;

/** What a session has seen. */
type Seen = { readonly wrong: readonly string[]; readonly answered: number };

let sidecar: TestSidecar;
let origins: Record<"clear" | "tls", PatternedOrigin>;
let nextId = 2;

beforeAll(async () => {
  const root = makeAuthority();
  const { chainPem, keyPem } = makeCertificate({ issuer: root, names: ["IP:127.0.0.1"] });
  origins = {
    clear: await PatternedOrigin.start(),
    tls: await PatternedOrigin.start({ cert: chainPem, key: keyPem }),
  };
  const pair = { cert: "pair.pem", key: "pair.key" };
  const versionsAt = ({ address }: PatternedOrigin): object => ({ v1: { endpoints: [address] } });
  const config = {
    workers: 1,
    listeners: [{ bind: "127.0.0.1:0" }, { bind: "127.0.0.2:0", tls: { certificates: [pair] } }],
    services: {
      clear: { versions: versionsAt(origins.clear), ejection: { consecutive: 0 } },
      tls: {
        versions: versionsAt(origins.tls),
        upstream: { tls: { ca: "root.pem" } },
        ejection: { consecutive: 0 },
      },
    },
  };
  sidecar = await startSidecar(config, {}, undefined, async (folder) => {
    await writeFile(join(folder, pair.cert), chainPem);
    await writeFile(join(folder, pair.key), keyPem, { mode: 0o600 });
    await writeFile(join(folder, "root.pem"), root.certPem);
  });
}, 60_000);
afterAll(async () => {
  await sidecar.stop();
  for (const origin of Object.values(origins)) origin[Symbol.dispose]();
});

function openWay(way: Way): Promise<RawSocket> {
  const [clear = 0, tls = 0] = sidecar.ports;
  if (way === "clear-clear") return RawSocket.open({ port: clear });
  return RawSocket.openTls({ host: "127.0.0.2", port: tls });
}

/** Goes away at once. Over TLS without a word: node:tls has no reset. */
function leave(client: RawSocket, way: Way): void {
  if (way === "clear-clear") client.reset();
  else client.close();
}

function bytesOf(
  { bodyBytes, answerBytes, framing, isCut }: Request,
  id: number,
  way: Way,
): Buffer {
  const head =
    `POST / HTTP/1.1\r\nHost: ${way.split("-")[1]}\r\nX-Id: ${id}\r\nX-Answer: ${answerBytes}\r\n` +
    `X-Framing: ${framing}\r\nX-Cut: ${isCut ? "yes" : "no"}\r\nContent-Length: ${bodyBytes}\r\n`;
  return Buffer.concat([Buffer.from(`${head}\r\n`), patterned(id, bodyBytes)]);
}

async function send(client: RawSocket, bytes: Buffer, pieceBytes: number): Promise<void> {
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    client.send(bytes.subarray(at, at + pieceBytes));
    await nextTurn();
  }
}

async function run(plan: Session): Promise<Seen> {
  const { way, requests, pieceBytes, pauseTurns, leavesAt } = plan;
  const firstId = nextId;
  nextId += 2 * requests.length;
  const client = await openWay(way);
  const bytes = Buffer.concat(requests.map((each, at) => bytesOf(each, firstId + 2 * at, way)));
  const isLeaving = leavesAt < 1;
  client.pause();
  await send(client, bytes.subarray(0, bytes.length * Math.min(1, leavesAt)), pieceBytes);
  for (let turns = 0; turns < pauseTurns; turns += 1) await nextTurn();
  client.resume();
  if (isLeaving) leave(client, way);
  const seen = isLeaving ? { wrong: [], answered: 0 } : await read(client, requests, firstId);
  client.close();
  return seen;
}

/** Takes the answers, of which the last may be a part. */
async function read(client: RawSocket, requests: readonly Request[], id: number): Promise<Seen> {
  const wrong: string[] = [];
  for (const [at, { answerBytes }] of requests.entries()) {
    const wanted = patterned(id + 2 * at + 1, answerBytes).toString("latin1");
    const response = await client.response().catch(() => undefined);
    if (response === undefined) {
      if (!isPartOf(client.text, wanted)) wrong.push(`part of ${id + 2 * at}`);
      return { wrong, answered: at };
    }
    if (response.status === 502) return { wrong, answered: at };
    if (response.status !== 200 || response.body !== wanted) wrong.push(`${id + 2 * at}`);
    if (response.field("connection") === "close") return { wrong, answered: at + 1 };
  }
  return { wrong, answered: requests.length };
}

/** Whether what has come of a response can have become this body. */
function isPartOf(text: string, body: string): boolean {
  const headEnd = text.indexOf("\r\n\r\n") + 4;
  if (headEnd < 4) return text === "" || text.startsWith("HTTP/1.1 ");
  const came = text.slice(headEnd);
  if (!/transfer-encoding/i.test(text.slice(0, headEnd))) return body.startsWith(came);
  return body.startsWith(dechunked(came));
}

/** As much of a chunked body as there is. */
function dechunked(text: string): string {
  let body = "";
  for (let at = 0; ;) {
    const lineEnd = text.indexOf("\r\n", at);
    const size = Number.parseInt(text.slice(at, lineEnd), 16);
    if (lineEnd === -1 || !(size > 0)) return body;
    body += text.slice(lineEnd + 2, lineEnd + 2 + size);
    at = lineEnd + 2 + size + 2;
  }
}

async function swap(): Promise<void> {
  const { status } = await sidecar.call("POST", "/v1/workers/swap", { trial: "100ms" });
  expect(status).toBe(200);
}

/** Whether all is answered: a reset by the origin may destroy what its client has not read yet. */
function isWhole({ requests, leavesAt }: Session): boolean {
  return leavesAt >= 1 && !requests.some(({ isCut }) => isCut);
}

test(
  "no byte gets into another exchange, in clear or over TLS",
  async () => {
    const property = fc.asyncProperty(round, async ({ sessions, swaps }) => {
      const [seen] = await Promise.all([Promise.all(sessions.map(run)), swaps ? swap() : null]);
      expect(seen.flatMap(({ wrong }) => wrong)).toEqual([]);
      expect([...origins.clear.strangers, ...origins.tls.strangers]).toEqual([]);
      // Those who leave in a swap may be told so instead.
      if (swaps) return;
      for (const [at, each] of sessions.entries()) {
        if (isWhole(each)) expect(seen[at]?.answered).toBe(each.requests.length);
      }
    });
    const whole = (): number => Math.min(origins.clear.whole, origins.tls.whole);
    // A loaded machine gets through little in that time: it goes on.
    for (let seed = SEED; whole() <= 10; seed += 1) {
      const parameters = { ...FUZZ_PARAMETERS, seed, interruptAfterTimeLimit: SHORT_FUZZ_MS };
      await fc.assert(property, parameters);
    }
    expect(complaintsOf(sidecar)).toEqual([]);
  },
  2 * SHORT_FUZZ_MS + 60_000,
);
