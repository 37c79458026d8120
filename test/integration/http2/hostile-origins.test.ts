import { once } from "node:events";
import { connect } from "node:http2";
import type { ClientHttp2Session } from "node:http2";
import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { statusBlock } from "../../../proxy/http2/encode-head.ts";
import { data, fragment, goAway, headers, inWords, ping } from "../../proxy/http2/raw-frames.ts";
import { rawFrame, settings, windowUpdate } from "../../proxy/http2/raw-frames.ts";
import { PREFACE } from "../../../proxy/http2/frames.ts";
import { eventually } from "../../support/eventually.ts";
import { startSidecar } from "../../support/sidecar.ts";
import type { TestSidecar } from "../../support/sidecar.ts";
import { VersionOrigin } from "../../support/version-origin.ts";
import { rejectedCount, residentBytes } from "./flood-figures.ts";

/*
 * Goal: an endpoint that floods its connection of HTTP/2 loses that connection and nothing else
 * happens: it is counted, other services are answered, memory stays. Method: an origin that answers
 * the first request of each connection with a flood, behind a real sidecar.
 */

const REQUESTS = 4;
/** Streams whose bodies an endpoint does not take, of as much as Node's client has at once. */
const MANY = 20;
/** What a worker may grow by for all of them, caches and collected garbage included. */
const GROWTH_BYTES_MAX = 64 * 1024 * 1024;
/** Of a machine that has other things to do. */
const DEADLINE_MS = 20_000;
const CALM = /^goAway \d+ ENHANCE_YOUR_CALM$|^reset$/;
const OK = statusBlock(200);
/** In upper case, which no field may be. */
const MALFORMED = `${OK}\0\u0001X\u00011`;
/** A field that fills most of the table, and a reference to it. */
const [LARGE, AGAIN] = [`\u0040\u0001y\u007f\u0081\u001e${"y".repeat(3968)}`, "\u00be"];

const many = (count: number, frame: Buffer): Buffer =>
  Buffer.concat(Array<Buffer>(count).fill(frame));

/** A flood: what it is counted as, how it goes, and how many requests it takes. */
type Flood = {
  readonly reason: string;
  readonly title: string;
  /** What is sent on the stream of each request. */
  readonly frames: (id: number) => Buffer;
  readonly requests?: number;
};

const FLOODS: readonly Flood[] = [
  {
    reason: "h2-provoked-resets",
    title: "answers that have to be reset (CVE-2025-8671, turned around)",
    frames: (id) => headers(id, MALFORMED, false),
    requests: 300,
  },
  {
    reason: "h2-continuation-flood",
    title: "CONTINUATION without end",
    frames: (id) => Buffer.concat([fragment(id, OK, true), many(50, fragment(id, "x", false))]),
  },
  {
    reason: "h2-header-bomb",
    title: "a head that is made of references",
    frames: (id) => headers(id, OK + LARGE + AGAIN.repeat(1000)),
  },
  {
    reason: "h2-empty-frames",
    title: "empty DATA",
    frames: (id) => Buffer.concat([headers(id, OK, false), many(300, data(id, ""))]),
  },
  { reason: "h2-ping-flood", title: "PING", frames: () => many(1000, ping()) },
  { reason: "h2-settings-flood", title: "SETTINGS", frames: () => many(300, settings([3, 100])) },
  { reason: "h2-settings-flood", title: "GOAWAY", frames: (id) => many(300, goAway(id)) },
  {
    reason: "h2-ignored-frames",
    title: "PRIORITY",
    frames: (id) => many(5000, rawFrame(2, 0, id, "\0\0\0\0\u0001")),
  },
  {
    reason: "h2-ignored-frames",
    title: "unknown types",
    frames: () => many(5000, rawFrame(0xfa, 0, 0, "x")),
  },
  {
    reason: "h2-window-update-flood",
    title: "WINDOW_UPDATE of a byte each",
    frames: (id) => many(5000, windowUpdate(id, 1)),
  },
];

/** A connection to the origin: what has come on it, and how it has ended. */
type Victim = { readonly told: Buffer[]; fate: "open" | "fin" | "reset" };

/** An origin that answers each head with `frames`, and writes down what it is told. */
class HostileOrigin {
  frames: (id: number) => Buffer = (id) => headers(id, OK);
  readonly #victims = new Map<Socket, Victim>();
  readonly #server = createServer((socket) => this.#accept(socket)).listen(0, "127.0.0.1");

  async address(): Promise<string> {
    if (!this.#server.listening) await once(this.#server, "listening");
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /**
   * How each connection has ended: with its last frame in words, or by a reset, which is what
   * becomes of a farewell where more of a flood comes than is read.
   */
  ends(): readonly (string | undefined)[] {
    return [...this.#victims.values()].map(({ told, fate }) =>
      fate === "fin" ? inWordsOf(told).at(-1) : fate,
    );
  }

  /** How many requests have come. */
  get asked(): number {
    const words = [...this.#victims.values()].flatMap(({ told }) => inWordsOf(told));
    return words.filter((each) => each.startsWith("headers")).length;
  }

  /** Ends its connections. */
  forget(): void {
    for (const socket of this.#victims.keys()) socket.destroy();
    this.#victims.clear();
  }

  [Symbol.dispose](): void {
    this.forget();
    this.#server.close();
  }

  #accept(socket: Socket): void {
    const victim: Victim = { told: [], fate: "open" };
    let seen = 0;
    this.#victims.set(socket, victim);
    socket.on("error", () => (victim.fate = "reset")).on("end", () => (victim.fate = "fin"));
    socket.write(Buffer.concat([settings(), rawFrame(4, 1, 0)]));
    socket.on("data", (bytes: Buffer) => {
      victim.told.push(bytes);
      const asked = inWordsOf(victim.told).filter((words) => words.startsWith("headers"));
      for (const words of asked.slice(seen)) socket.write(this.frames(Number(words.split(" ")[1])));
      seen = asked.length;
    });
  }
}

function inWordsOf(told: readonly Buffer[]): readonly string[] {
  return inWords(Buffer.concat(told).subarray(PREFACE.length));
}

let hostile: HostileOrigin;
let origin: VersionOrigin;
let sidecar: TestSidecar;

beforeAll(async () => {
  hostile = new HostileOrigin();
  origin = await VersionOrigin.start("v1");
  const ejection = { consecutive: 0, failurePercent: 0 };
  const endpoints = [await hostile.address()];
  const policy = { ejection, stallTimeout: "2s" };
  const evil = { upstream: { protocol: "h2" }, versions: { v1: { endpoints } }, ...policy };
  const web = { versions: { v1: { endpoints: [origin.address] } } };
  sidecar = await startSidecar({
    workers: 1,
    services: { evil: { hosts: ["evil"], ...evil }, web: { hosts: ["web"], ...web } },
  });
});

afterAll(async () => {
  await sidecar.stop();
  hostile[Symbol.dispose]();
  origin[Symbol.dispose]();
});

function openSession(): ClientHttp2Session {
  const session = connect(`http://127.0.0.1:${sidecar.ports[0]}`);
  onTestFinished(() => session.destroy());
  return session;
}

/** The status of an answer. 0: the stream was reset before one. */
async function ask(session: ClientHttp2Session, authority: string, body = ""): Promise<number> {
  const fields = { ":authority": authority, ":method": body === "" ? "GET" : "POST" };
  const stream = session.request(fields, { endStream: body === "" });
  if (body !== "") stream.end(body);
  const { promise, resolve } = Promise.withResolvers<number>();
  stream.once("response", (head) => resolve(Number(head[":status"])));
  stream.on("error", () => resolve(0)).resume();
  return promise;
}

test.each(FLOODS)(
  "$reason: $title, of an endpoint, ends its connection and harms no other",
  async ({ reason, frames, requests = REQUESTS }) => {
    const [client, other] = [openSession(), openSession()];
    expect(await ask(other, "web")).toBe(200);
    const before = [await residentBytes(sidecar), await rejectedCount(sidecar, reason)] as const;
    hostile.frames = frames;
    const asked = Array.from({ length: requests }, () => ask(client, "evil"));
    await eventually(
      async () => expect(await rejectedCount(sidecar, reason)).toBeGreaterThan(before[1]),
      DEADLINE_MS,
    );
    await eventually(
      () => expect(hostile.ends()).toContainEqual(expect.stringMatching(CALM)),
      DEADLINE_MS,
    );
    expect(await ask(other, "web")).toBe(200);
    hostile.frames = (id) => headers(id, OK);
    hostile.forget();
    // 0: reset, as the answer had begun.
    for (const status of await Promise.all(asked)) expect([0, 200, 502]).toContain(status);
    expect((await residentBytes(sidecar)) - before[0]).toBeLessThan(GROWTH_BYTES_MAX);
    // Its connections are gone, and it is asked on new ones.
    expect(await ask(client, "evil")).toBe(200);
    hostile.forget();
  },
);

test("an endpoint that takes no bodies keeps them for stallTimeout, and harms nobody", async () => {
  const [client, other] = [openSession(), openSession()];
  const before = await residentBytes(sidecar);
  hostile.frames = () => Buffer.alloc(0);
  const body = "x".repeat(300_000);
  const asked = Array.from({ length: MANY }, () => ask(client, "evil", body));
  await eventually(() => expect(hostile.asked).toBe(MANY), DEADLINE_MS);
  expect(await ask(other, "web")).toBe(200);
  // Nobody else is blamed: no body waits for another stream's.
  expect(new Set(await Promise.all(asked))).toEqual(new Set([504]));
  expect((await residentBytes(sidecar)) - before).toBeLessThan(GROWTH_BYTES_MAX);
  hostile.frames = (id) => headers(id, OK);
  hostile.forget();
  expect(await ask(client, "evil")).toBe(200);
});
