import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { OK, answer } from "../../support/origin.ts";
import type { OriginConnection } from "../../support/origin.ts";
import type { RawSocket } from "../../support/raw-socket.ts";
import { DataPlane, head, responseOf } from "./data-plane.ts";

const GET = head("GET / HTTP/1.1", "Host: web");
const CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
/** A client's connection may hold an upstream one for at most this long after it is gone. */
const ABORT_MS = 2_000;

/** Sends `bytes`, then a chunk now and then until the connection is gone. */
function drip(connection: OriginConnection, bytes: string): void {
  connection.send(bytes);
  const interval = setInterval(() => connection.send("1\r\nx\r\n"), 20);
  connection.socket.on("close", () => clearInterval(interval));
}

/** Where in an exchange a client is when it leaves. */
type Phase = {
  readonly name: string;
  /** Brings a client there; resolves once the origin or the client has seen it. */
  readonly reach: (client: RawSocket, plane: DataPlane) => Promise<void>;
  /** Whether an upstream connection is in use there. */
  readonly upstream: boolean;
  /** What the origin then begins its answer with, or goes on with. Absent: nothing. */
  readonly answers?: string;
  /** Absent: ABORT_MS. */
  readonly abortMs?: number;
};

const PHASES: readonly Phase[] = [
  { name: "before the first byte", reach: async () => undefined, upstream: false },
  {
    name: "inside the head",
    reach: async (client) => void client.send("GET / HTTP/1.1\r\nHo"),
    upstream: false,
  },
  {
    name: "inside the body",
    reach: async (client, { origin }) => {
      client.send(head("PUT / HTTP/1.1", "Host: web", "Content-Length: 9")).send("half");
      await eventually(() => expect(origin.lastConnection.received).toContain("half"));
    },
    upstream: true,
  },
  {
    name: "while the origin thinks",
    reach: async (client, { origin }) => {
      origin.onRequest = () => undefined;
      client.send(GET);
      await eventually(() => expect(origin.requests).toHaveLength(1));
    },
    upstream: true,
    answers: CHUNKED,
  },
  {
    name: "after an interim response",
    reach: async (client, { origin }) => {
      origin.onRequest = answer("HTTP/1.1 103 Early Hints\r\n\r\n");
      await client.send(GET).until("103");
    },
    upstream: true,
    answers: CHUNKED,
  },
  {
    name: "inside the answer's body",
    reach: async (client, { origin }) => {
      origin.onRequest = answer(`${CHUNKED}4\r\nhalf\r\n`);
      await client.send(GET).until("half");
    },
    upstream: true,
    answers: "",
  },
  {
    name: "inside a body that nobody reads, upstream full",
    reach: async (client, { origin }) => {
      origin.onHead = ({ socket }) => socket.pause();
      client.send(head("PUT / HTTP/1.1", "Host: web", "Content-Length: 99999999"));
      client.send(Buffer.alloc(16 * 1024 * 1024));
      await eventually(() => expect(origin.connections).toHaveLength(1));
    },
    upstream: true,
    // What it has sent comes before its end, and takes a while on a busy machine.
    abortMs: 5 * ABORT_MS,
  },
  {
    name: "with a pipelined request waiting",
    reach: async (client, { origin }) => {
      origin.onRequest = (connection) => {
        // The proxy does not read from such a client, so it notices when it writes.
        drip(connection, `${CHUNKED}4\r\nhalf\r\n`);
      };
      await client.send(GET + GET).until("half");
    },
    upstream: true,
  },
  {
    name: "between two requests",
    reach: async (client) => {
      client.send(GET);
      await client.response();
    },
    upstream: false,
  },
];

describe("clients that leave (RFC 9112 8, 9.6)", () => {
  let plane: DataPlane;

  beforeAll(async () => {
    plane = await DataPlane.start({ timeout: "0" });
  });
  afterEach(() => plane.endTest());
  afterAll(() => plane[Symbol.asyncDispose]());

  async function expectUpstreamGone(phase: Phase): Promise<void> {
    if (!phase.upstream) return;
    await eventually(() => {
      expect(plane.origin.connections).toHaveLength(1);
      plane.origin.lastConnection.socket.resume();
      expect(plane.origin.lastConnection.fate).not.toBe("open");
    }, phase.abortMs ?? ABORT_MS);
  }

  test.each(PHASES)("by RST: $name", async (phase) => {
    const client = await plane.open();
    await phase.reach(client, plane);
    client.reset();
    await expectUpstreamGone(phase);
    await plane.expectNothingOpen();
    await eventually(async () => expect(await plane.connectionsOpen()).toBe(0));
  });

  test.each(PHASES)("by a close: $name", async (phase) => {
    const client = await plane.open();
    await phase.reach(client, plane);
    client.pause();
    client.close();
    // A close looks like a half-close until something is sent: the answer shows what it is.
    if (phase.answers !== undefined) drip(plane.origin.lastConnection, phase.answers);
    await expectUpstreamGone(phase);
    await eventually(async () => expect(await plane.connectionsOpen()).toBe(0));
  });

  test.each(PHASES.filter(({ answers }) => answers === CHUNKED))(
    "a half-close after a whole request gets its answer (9112 9.6): $name",
    async (phase) => {
      const client = await plane.open();
      await phase.reach(client, plane);
      client.finish();
      // The proxy has had a turn to see the FIN.
      await plane.services();
      plane.origin.lastConnection.send(responseOf("200 OK", "late but whole"));
      expect((await client.finalResponse()).body).toBe("late but whole");
      expect(await client.ended()).toBe("fin");
    },
  );

  test("a half-close inside the answer's body gets the rest of it", async () => {
    plane.origin.onRequest = answer(`${CHUNKED}4\r\nhalf\r\n`);
    const client = await plane.open();
    await client.send(GET).until("half");
    client.finish();
    await plane.services();
    plane.origin.lastConnection.send("4\r\nmore\r\n0\r\n\r\n");
    expect((await client.response()).body).toBe("halfmore");
    expect(await client.ended()).toBe("fin");
    // The origin did nothing wrong, so its connection is kept.
    expect(plane.origin.lastConnection.fate).toBe("open");
  });

  test.each(["inside the head", "inside the body"])(
    "a half-close %s is no request",
    async (name) => {
      const phase = PHASES.find((each) => each.name === name) as Phase;
      const client = await plane.open();
      await phase.reach(client, plane);
      client.finish();
      expect(await client.ended()).not.toBe("open");
      expect(client.text).toBe("");
      expect(plane.origin.requests).toHaveLength(0);
    },
  );

  test("100 clients that reset at once leave nothing behind", async () => {
    plane.origin.onRequest = () => undefined;
    const clients = await Promise.all(Array.from({ length: 100 }, () => plane.open()));
    for (const client of clients) client.send(GET);
    await eventually(() => expect(plane.origin.requests).toHaveLength(100));
    for (const client of clients) client.reset();
    await eventually(() => {
      expect(plane.origin.connections.filter(({ fate }) => fate === "open")).toHaveLength(0);
    });
    plane.origin.onRequest = answer(OK);
  });

  test("answers a plain GET after all of that", () => plane.expectAlive());
});
