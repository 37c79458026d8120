import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { answer } from "../../support/origin.ts";
import type { RawSocket } from "../../support/raw-socket.ts";
import { DataPlane, head, responseOf } from "./data-plane.ts";

const GET = head("GET / HTTP/1.1", "Host: web");
const IN_FLIGHT_MAX = 8;
/** More than there are places for requests and connections. */
const TUNNELS_MAX = 20;
const WEB_SOCKET = [
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
];
const ACCEPTED = ["Upgrade: websocket", "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="];
/** More than the kernel keeps between a client and an origin that does not read. */
const BULK = Buffer.alloc(16 * 1024 * 1024, "x");

describe("a place is held only by somebody who waits (docs/http.md)", () => {
  let plane: DataPlane;

  beforeAll(async () => {
    const limits = { inFlight: IN_FLIGHT_MAX, connections: 10, tunnels: TUNNELS_MAX };
    plane = await DataPlane.start({ limits, halfCloseGrace: "500ms" }, { workers: 1 });
  });
  afterEach(() => plane.endTest());
  afterAll(() => plane[Symbol.asyncDispose]());

  /** As many clients as there are places, each with a request under way to a silent origin. */
  async function fill(send: (client: RawSocket) => void): Promise<readonly RawSocket[]> {
    plane.origin.onRequest = () => undefined;
    const clients: RawSocket[] = [];
    for (let place = 0; place < IN_FLIGHT_MAX; place += 1) clients.push(await plane.open());
    for (const client of clients) send(client);
    await eventually(async () => expect(await plane.exchangesOpen("web")).toBe(IN_FLIGHT_MAX));
    return clients;
  }

  /** Somebody else gets an answer that is not a 503. */
  async function expectRoom(): Promise<void> {
    await eventually(async () => expect(await plane.exchangesOpen("web")).toBe(0));
    plane.origin.onRequest = answer(responseOf("200 OK", "room"));
    const client = await plane.open();
    expect((await client.send(GET).response()).body).toBe("room");
  }

  test("a FIN behind a whole request gives it half a second", async () => {
    const clients = await fill((client) => client.send(GET));
    for (const client of clients) client.finish();
    for (const client of clients) expect(await client.ended()).not.toBe("open");
    expect(clients.map(({ text }) => text)).toEqual(clients.map(() => ""));
    await expectRoom();
  });

  test("a FIN behind requests that wait is seen too", async () => {
    const clients = await fill((client) => client.send(GET + GET));
    for (const client of clients) client.close();
    await expectRoom();
  });

  test("a reset is seen behind waiting requests, and where the origin does not read", async () => {
    const clients = await fill((client) => client.send(GET + GET));
    for (const client of clients) client.reset();
    await expectRoom();
    plane.origin.onHead = ({ socket }) => void socket.pause();
    const post = head("POST / HTTP/1.1", "Host: web", `Content-Length: ${BULK.length}`);
    const senders = await fill((client) => client.send(post).send(BULK));
    for (const client of senders) client.reset();
    plane.origin.onHead = () => undefined;
    await expectRoom();
  });

  test("requests before a FIN are all answered, one after the other", async () => {
    plane.origin.onRequest = () => undefined;
    const client = await plane.open();
    client.send(GET + GET + GET).finish();
    for (const number of [1, 2, 3]) {
      await eventually(() => expect(plane.origin.requests).toHaveLength(number));
      // By then the FIN has been seen, or will be after the next answer.
      await plane.services();
      plane.origin.lastConnection.send(responseOf("200 OK", String(number)));
      expect((await client.response()).body).toBe(String(number));
    }
    expect(await client.ended()).toBe("fin");
  });

  test("tunnels have places of their own, and no more than their own", async () => {
    const asked = head("GET / HTTP/1.1", "Host: web", "Connection: upgrade", ...WEB_SOCKET);
    plane.origin.onRequest = answer(
      head("HTTP/1.1 101 Switching Protocols", "Connection: upgrade", ...ACCEPTED),
    );
    for (let tunnel = 0; tunnel < TUNNELS_MAX; tunnel += 1) {
      expect((await (await plane.open()).send(asked).response()).status).toBe(101);
    }
    const refused = await (await plane.open()).send(asked).response();
    expect(refused.field("proxy-status")).toBe("sluice; error=connection_limit_reached");
    expect(await plane.tunnelsOpen()).toBe(TUNNELS_MAX);
    await expectRoom();
  });

  test("answers a plain GET after all of that", () => plane.expectAlive());
});
