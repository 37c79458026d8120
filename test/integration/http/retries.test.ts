import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { OK, RawOrigin, answer } from "../../support/origin.ts";
import type { Script } from "../../support/origin.ts";
import type { RawSocket } from "../../support/raw-socket.ts";
import { DataPlane, head, responseOf, serviceAt } from "./data-plane.ts";

const GET = head("GET / HTTP/1.1", "Host: web");
const CLOSED_PORT = "127.0.0.1:1";

/** Resets the connection without answering. */
const cut: Script = ({ socket }) => {
  socket.resetAndDestroy();
};

/** A PUT or POST to a service with a body of so many bytes. */
function withBody(method: string, service: string, bodyBytes: number): string {
  const lines = [`Host: ${service}`, `Content-Length: ${bodyBytes}`];
  return head(`${method} / HTTP/1.1`, ...lines) + "b".repeat(bodyBytes);
}

describe("retries (RFC 9110 9.2.2, RFC 9112 9.3.1)", () => {
  let plane: DataPlane;
  let other: RawOrigin;

  beforeAll(async () => {
    other = await RawOrigin.start();
    plane = await DataPlane.start(
      { retries: { attempts: 0 } },
      {
        services: {
          once: serviceAt([other.address], { retries: { attempts: 1 } }),
          busy: serviceAt([other.address], { retries: { attempts: 2, on: [503] } }),
          slow: serviceAt([other.address], {
            retries: { attempts: 1, on: ["timeout"] },
            responseTimeout: "100ms",
          }),
          half: serviceAt([CLOSED_PORT, other.address], {
            retries: { attempts: 3 },
            ejection: { consecutive: 0 },
          }),
        },
      },
    );
  });
  afterEach(async () => {
    for (const { socket } of other.connections) socket.destroy();
    other.clear();
    await plane.endTest();
  });
  afterAll(async () => {
    other[Symbol.dispose]();
    await plane[Symbol.asyncDispose]();
  });

  /** So many idle upstream connections of `web`, each of which dies at its next request. */
  async function staleConnections(count: number): Promise<RawSocket> {
    plane.origin.onRequest = () => undefined;
    const clients = await Promise.all(Array.from({ length: count }, () => plane.open()));
    for (const client of clients) client.send(GET);
    await eventually(() => expect(plane.origin.requests).toHaveLength(count));
    for (const connection of plane.origin.connections) connection.send(OK);
    for (const client of clients) expect((await client.response()).body).toBe("ok");
    plane.origin.requests.length = 0;
    const old = new Set(plane.origin.connections);
    plane.origin.onRequest = (connection, request) => {
      if (old.has(connection)) cut(connection, request);
      else connection.send(OK);
    };
    return clients[0] as RawSocket;
  }

  test("a kept connection that dies is replaced by a fresh one, not an old one", async () => {
    const client = await staleConnections(3);
    expect((await client.send(GET).response()).body).toBe("ok");
    expect(plane.origin.requests).toHaveLength(2);
    expect(plane.origin.connections).toHaveLength(4);
  });

  test("a PUT whose body is at hand is sent again, whole", async () => {
    const client = await staleConnections(1);
    const request = withBody("PUT", "web", 40_000);
    expect((await client.send(request).response()).body).toBe("ok");
    const [, again] = plane.origin.requests.map(({ text }) => text.split("\r\n\r\n")[1]);
    expect(again === "b".repeat(40_000)).toBe(true);
  });

  test("a PUT whose body is over the replay buffer is not (http.md: 64 KiB)", async () => {
    const client = await staleConnections(1);
    const response = await client.send(withBody("PUT", "web", 100_000)).response();
    expect(response.status).toBe(502);
    expect(plane.origin.connections).toHaveLength(1);
  });

  test("a PUT that is cut in mid-body goes on on the fresh connection", async () => {
    const client = await staleConnections(1);
    let cuts = 0;
    plane.origin.onHead = (connection, request) => {
      if (cuts === 0) cut(connection, request);
      cuts += 1;
    };
    const request = withBody("PUT", "web", 9);
    client.send(request.slice(0, -5));
    await eventually(() => expect(plane.origin.connections).toHaveLength(2));
    client.send(request.slice(-5));
    expect((await client.response()).body).toBe("ok");
    expect(plane.origin.requests[0]?.text.endsWith("\r\n\r\nbbbbbbbbb")).toBe(true);
  });

  test.each([0, 9])(
    "a POST is never sent twice once a byte of it was written (%i)",
    async (bodyBytes) => {
      const client = await staleConnections(1);
      const response = await client.send(withBody("POST", "web", bodyBytes)).response();
      expect(response.status).toBe(502);
      expect(response.field("proxy-status")).toBe("sluice; error=connection_terminated");
      expect(plane.origin.requests).toHaveLength(1);
    },
  );

  test("a fresh connection that is reset: as often again as the policy says", async () => {
    other.onRequest = cut;
    const client = await plane.open();
    const response = await client.send(head("GET / HTTP/1.1", "Host: once")).response();
    expect(response.status).toBe(502);
    expect(other.requests).toHaveLength(2);
  });

  test("a POST is tried again while nothing of it was written: connect", async () => {
    const client = await plane.open();
    for (let index = 0; index < 20; index += 1) {
      const response = await client.send(withBody("POST", "half", 5000)).response();
      expect(response.status).toBe(200);
    }
    expect(other.requests).toHaveLength(20);
    for (const { text } of other.requests) expect(text.endsWith("b".repeat(5000))).toBe(true);
  });

  test("a POST whose body is still coming is tried again at connect", async () => {
    const client = await plane.open();
    for (let index = 0; index < 10; index += 1) {
      const request = withBody("POST", "half", 6);
      client.send(request.slice(0, -3));
      await eventually(() => expect(other.lastConnection.received.endsWith("bbb")).toBe(true));
      client.send(request.slice(-3));
      expect((await client.response()).status).toBe(200);
    }
    expect(other.requests).toHaveLength(10);
  });

  test("503 is tried again when the policy says so, the last one is passed on", async () => {
    const refusals = ["one", "two"];
    other.onRequest = (connection) => {
      const body = refusals.shift();
      connection.send(body === undefined ? OK : responseOf("503 Busy", body));
    };
    const client = await plane.open();
    const request = head("GET / HTTP/1.1", "Host: busy");
    expect((await client.send(request).response()).body).toBe("ok");
    expect(other.requests).toHaveLength(3);
    other.onRequest = answer(responseOf("503 Busy", "still"));
    const last = await client.send(request).response();
    expect(last.body).toBe("still");
    expect(last.field("proxy-status")).toBeUndefined();
    expect(other.requests).toHaveLength(6);
  });

  test("timeout: as often again as the policy says, and each attempt has its own", async () => {
    other.onRequest = () => undefined;
    const client = await plane.open();
    const request = head("GET / HTTP/1.1", "Host: slow");
    expect((await client.send(request).response()).status).toBe(504);
    expect(other.requests).toHaveLength(2);
  });

  test("503 to a POST is passed on", async () => {
    other.onRequest = answer(responseOf("503 Busy", "no"));
    const client = await plane.open();
    expect((await client.send(withBody("POST", "busy", 3)).response()).body).toBe("no");
    expect(other.requests).toHaveLength(1);
  });

  test("nothing is tried again once a byte of the answer is out", async () => {
    const client = await staleConnections(1);
    plane.origin.onRequest = (connection) => {
      connection.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    };
    await client.send(GET).until("half");
    plane.origin.lastConnection.socket.resetAndDestroy();
    expect(await client.ended()).toBe("reset");
    expect(plane.origin.connections).toHaveLength(1);
  });

  test("an interim response went out: the request may still be tried again", async () => {
    const client = await staleConnections(1);
    const old = plane.origin.lastConnection;
    plane.origin.onRequest = (connection) => {
      if (connection !== old) connection.send(OK);
      else connection.send("HTTP/1.1 103 Early Hints\r\n\r\n").socket.end();
    };
    client.send(GET);
    expect((await client.response()).status).toBe(103);
    expect((await client.response()).body).toBe("ok");
  });

  test("answers a plain GET after all of that", () => plane.expectAlive());
});
