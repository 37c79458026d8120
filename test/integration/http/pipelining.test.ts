import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { RawOrigin, answer } from "../../support/origin.ts";
import type { RawSocket } from "../../support/raw-socket.ts";
import { DataPlane, head, responseOf, serviceAt } from "./data-plane.ts";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";

/** Far more than the socket buffers on both sides of the proxy hold (10 MiB each at most). */
const FLOOD_BYTES = 64 * 1024 * 1024;
/** How much a client that does not read may still send: its own buffers, and the answers'. */
const FLOOD_TAKEN_MAX = 40 * 1024 * 1024;
/** How many looks in a row must show that nothing moves anymore. */
const STILL_LOOKS = 20;

function echoPath(origin: RawOrigin): void {
  origin.onRequest = (connection, { line }) => connection.send(responseOf("200 OK", line));
}

describe("pipelined requests (9112 9.3.2)", () => {
  let plane: DataPlane;
  let unixOrigin: RawOrigin;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "sluice-pipelining-"));
    unixOrigin = await RawOrigin.start({ path: join(folder, "origin.sock") });
    plane = await DataPlane.start(
      { timeout: "0" },
      { services: { small: serviceAt([unixOrigin.address], { timeout: "0" }) } },
    );
  });
  afterEach(async () => {
    unixOrigin.clear();
    await plane.endTest();
  });
  afterAll(async () => {
    unixOrigin[Symbol.dispose]();
    await plane[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  test("answers come in the order of the requests, whoever makes them", async () => {
    echoPath(plane.origin);
    const client = await plane.open();
    client.send(
      head("GET /1 HTTP/1.1", "Host: web") +
        head("OPTIONS * HTTP/1.1", "Host: web") +
        head("GET /2 HTTP/1.1", "Host: nobody") +
        `${head("POST /3 HTTP/1.1", "Host: web", "Content-Length: 3")}abc` +
        head("HEAD /4 HTTP/1.1", "Host: web") +
        head("GET /5 HTTP/1.1", "Host: web"),
    );
    expect((await client.response()).body).toBe("GET /1 HTTP/1.1");
    expect((await client.response()).status).toBe(204);
    expect((await client.response()).status).toBe(404);
    expect((await client.response()).body).toBe("POST /3 HTTP/1.1");
    expect((await client.response("HEAD")).status).toBe(200);
    expect((await client.response()).body).toBe("GET /5 HTTP/1.1");
  });

  test("a bad request behind good ones is refused after they are answered", async () => {
    echoPath(plane.origin);
    const client = await plane.open();
    client.send(
      head("GET /1 HTTP/1.1", "Host: web") +
        head("GET /2 HTTP/1.1", "Host: web") +
        head("GET /3 HTTP/1.1", "Host: a b") +
        head("GET /4 HTTP/1.1", "Host: web"),
    );
    expect((await client.response()).body).toBe("GET /1 HTTP/1.1");
    expect((await client.response()).body).toBe("GET /2 HTTP/1.1");
    expect((await client.response()).status).toBe(400);
    expect(await client.ended()).toBe("fin");
    expect(client.text).toBe("");
    expect(plane.origin.requests.map(({ line }) => line)).toEqual([
      "GET /1 HTTP/1.1",
      "GET /2 HTTP/1.1",
    ]);
  });

  test("nothing behind `Connection: close` is read as a request", async () => {
    const client = await plane.open();
    client.send(
      head("GET /1 HTTP/1.1", "Host: web", "Connection: close") +
        head("GET /2 HTTP/1.1", "Host: web"),
    );
    expect((await client.response()).field("connection")).toBe("close");
    expect(await client.ended()).toBe("fin");
    expect(plane.origin.requests).toHaveLength(1);
  });

  test("all are answered when the client half-closes behind them (9112 9.6)", async () => {
    echoPath(plane.origin);
    const client = await plane.open();
    const paths = Array.from({ length: 50 }, (_, index) => `/${index}`);
    client.send(paths.map((path) => head(`GET ${path} HTTP/1.1`, "Host: web")).join("")).finish();
    for (const path of paths) expect((await client.response()).body).toBe(`GET ${path} HTTP/1.1`);
    expect(await client.ended()).toBe("fin");
  });

  test("1000 requests in one write, split anywhere, are each read once", async () => {
    echoPath(plane.origin);
    const client = await plane.open();
    const bytes = Array.from({ length: 1000 }, (_, index) =>
      head(`POST /${index} HTTP/1.1`, "Host: web", "Content-Length: 5").concat("G\r\n\r\n"),
    ).join("");
    client.send(bytes.slice(0, 40_000)).send(bytes.slice(40_000, 40_007)).send(bytes.slice(40_007));
    for (let index = 0; index < 1000; index += 1) {
      expect((await client.response()).body).toBe(`POST /${index} HTTP/1.1`);
    }
  });

  test.each([
    ["OPTIONS *", head("OPTIONS * HTTP/1.1", "Host: web")],
    ["a host that nobody has", head("GET / HTTP/1.1", "Host: nobody")],
    ["GET", head("GET / HTTP/1.1", "Host: web")],
  ])("a client that floods and does not read is not read either: %s", async (_name, request) => {
    plane.origin.onRequest = answer(responseOf("200 OK", "x".repeat(8000)));
    const client = await plane.open();
    client.pause();
    const taken = await floodUntilStill(client, request);
    expect(taken).toBeLessThan(FLOOD_TAKEN_MAX);
  });

  test("a pipelined request never overwrites the end of the body before it", async () => {
    const piece = Buffer.alloc(40 * 1024, "body");
    const next = "next".repeat(15 * 1024);
    for (let pieces = 1; pieces <= 12; pieces += 1) {
      unixOrigin.clear();
      // For the first head only: nobody would resume after the second.
      unixOrigin.onHead = ({ socket }) => {
        unixOrigin.onHead = () => undefined;
        socket.pause();
      };
      const client = await plane.open();
      const bodyBytes = piece.length * pieces;
      client.send(head("PUT / HTTP/1.1", "Host: small", `Content-Length: ${bodyBytes}`));
      for (let sent = 0; sent < pieces; sent += 1) {
        client.send(piece);
        await plane.services();
      }
      client.send(
        head("POST /next HTTP/1.1", "Host: small", `Content-Length: ${next.length}`) + next,
      );
      await plane.services();
      // Not sooner: a pause after the resume would be for good.
      await eventually(() => expect(unixOrigin.lastConnection.socket.isPaused()).toBe(true));
      unixOrigin.lastConnection.socket.resume();
      expect((await client.response()).status).toBe(200);
      expect((await client.response()).status).toBe(200);
      const body = unixOrigin.requests[0]?.text.split("\r\n\r\n")[1] ?? "";
      expect(body === String(piece).repeat(pieces)).toBe(true);
      expect(unixOrigin.requests[1]?.line).toBe("POST /next HTTP/1.1");
      client.close();
      for (const { socket } of unixOrigin.connections) socket.destroy();
    }
  });

  test("answers a plain GET after all of that", () => plane.expectAlive());

  /**
   * Sends requests up to FLOOD_BYTES. Gives how many bytes the kernel had taken when it took no
   * more.
   */
  async function floodUntilStill(client: RawSocket, request: string): Promise<number> {
    const piece = Buffer.from(request.repeat(Math.ceil(65_536 / request.length)), "latin1");
    let taken = 0;
    const pump = (): void => {
      taken += piece.length;
      if (taken < FLOOD_BYTES) client.socket.write(piece, (error) => error ?? pump());
    };
    pump();
    let before = -1;
    for (let looks = 0; looks < STILL_LOOKS; looks += 1) {
      // A round trip through the worker, so it has had a turn to read.
      await plane.services();
      if (taken !== before) looks = 0;
      before = taken;
    }
    return taken;
  }
});
