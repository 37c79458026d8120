import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { OK, answer } from "../../support/origin.ts";
import type { OriginConnection } from "../../support/origin.ts";
import { DataPlane, head } from "./data-plane.ts";

const GET = head("GET / HTTP/1.1", "Host: web");
/** Pieces of a transfer, and the pause before each: altogether longer than any timeout. */
const PIECES = 25;
const PAUSE_MS = 60;
const ANSWER_HEAD = head("HTTP/1.1 200 OK", `Content-Length: ${PIECES}`);

const TIMES = { responseTimeout: "700ms", stallTimeout: "1s" } as const;

describe("transfers that take long", () => {
  let plane: DataPlane;

  beforeAll(async () => {
    const retries = { attempts: 2, on: ["503"] };
    plane = await DataPlane.start({ ...TIMES, retries, limits: { connections: 1 } });
  });
  afterEach(() => plane.endTest());
  afterAll(() => plane[Symbol.asyncDispose]());

  test("an answer that flows longer than every timeout is whole", async () => {
    plane.origin.onRequest = (connection) => drip(ANSWER_HEAD, connection);
    const client = await plane.open();
    const startedMs = performance.now();
    expect((await client.send(GET).response()).body).toBe("x".repeat(PIECES));
    expect(performance.now() - startedMs).toBeGreaterThan(1_200);
  });

  test("a request that flows longer than every timeout is whole", async () => {
    const client = await plane.open();
    client.send(head("PUT / HTTP/1.1", "Host: web", `Content-Length: ${PIECES}`));
    await pieces(PIECES, () => client.send("x"));
    expect((await client.response()).status).toBe(200);
    expect(plane.origin.requests[0]?.text.endsWith("x".repeat(PIECES))).toBe(true);
  });

  test("responseTimeout begins behind the last byte of a body: 504", async () => {
    plane.origin.onRequest = () => undefined;
    const client = await plane.open();
    client.send(head("PUT / HTTP/1.1", "Host: web", "Content-Length: 9"));
    await pieces(8, () => client.send("x"));
    const startedMs = performance.now();
    const response = await client.send("x").response();
    expect(response.field("proxy-status")).toBe("sluice; error=http_response_timeout");
    expect(performance.now() - startedMs).toBeGreaterThan(500);
  });

  test("interim answers and pieces of a head are no answer: 504", async () => {
    plane.origin.onRequest = (connection) => {
      connection.send(head("HTTP/1.1 103 Early Hints", "Link: </a>"));
      drip("HTTP/1.1 200 OK\r\nX-A: ", connection);
    };
    const client = await plane.open();
    const startedMs = performance.now();
    await client.send(GET).until("HTTP/1.1 504 ");
    expect(performance.now() - startedMs).toBeLessThan(1_400);
  });

  test("each attempt has its own responseTimeout", async () => {
    let attempts = 0;
    plane.origin.onRequest = (connection) => {
      attempts += 1;
      const text = attempts < 3 ? head("HTTP/1.1 503 Busy", "Content-Length: 0") : OK;
      setTimeout(() => connection.send(text), 500);
    };
    const client = await plane.open();
    expect((await client.send(GET).response()).status).toBe(200);
    expect(attempts).toBe(3);
  });

  test("who waits in vain for a connection gets 503, to nobody's blame", async () => {
    plane.origin.onRequest = (connection) => drip(ANSWER_HEAD, connection);
    const [first, second] = [await plane.open(), await plane.open()];
    await first.send(GET).until("x");
    const timeouts = await plane.attempts("timeout");
    const response = await second.send(GET).response();
    expect(response.field("proxy-status")).toBe("sluice; error=connection_limit_reached");
    expect(await plane.attempts("timeout")).toBe(timeouts);
    expect((await first.response()).body).toBe("x".repeat(PIECES));
    plane.origin.onRequest = answer(OK);
    expect((await second.send(GET).response()).body).toBe("ok");
  });

  test("answers a plain GET after all of that", () => plane.expectAlive());
});

/** Calls `send` again and again, each time after a pause. */
function pieces(count: number, send: () => void): Promise<void> {
  return new Promise((resolve) => {
    let left = count;
    const timer = setInterval(() => {
      send();
      left -= 1;
      if (left > 0) return;
      clearInterval(timer);
      resolve();
    }, PAUSE_MS);
  });
}

/** Sends a text, and then PIECES bytes, one after the other. */
function drip(text: string, connection: OriginConnection): void {
  connection.send(text);
  void pieces(PIECES, () => {
    if (connection.fate === "open") connection.send("x");
  });
}
