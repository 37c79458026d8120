import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { OK, RawOrigin, answer } from "../../support/origin.ts";
import type { OriginConnection, Script } from "../../support/origin.ts";
import { DataPlane, head, responseOf, serviceAt } from "./data-plane.ts";

const GET = head("GET / HTTP/1.1", "Host: web");
const POST = head("POST / HTTP/1.1", "Host: web", "Content-Length: 4") + "body";
const REPEATS = 12;
const LATE_REPEATS = 60;
const TIMED_OUT = responseOf("408 Request Timeout", "", "Connection: close");

/** How an endpoint ends a connection that it does not want to keep, right after an answer. */
const ENDS: readonly (readonly [string, (connection: OriginConnection) => void])[] = [
  ["a FIN", ({ socket }) => void socket.end()],
  ["a reset", ({ socket }) => setImmediate(() => socket.resetAndDestroy())],
  ["a 408", (connection) => void connection.send(TIMED_OUT).socket.end()],
];

/** Only the first request of a connection gets an answer; `later` has to deal with the others. */
function firstOnly(later: Script): Script {
  const seen = new Set<OriginConnection>();
  return (connection, request) => {
    if (seen.has(connection)) return later(connection, request);
    seen.add(connection);
    return void connection.send(OK);
  };
}

describe("connections to endpoints that are used again", () => {
  let plane: DataPlane;

  beforeAll(async () => {
    plane = await DataPlane.start({ retries: { attempts: 0 } });
  });
  afterEach(() => plane.endTest());
  afterAll(() => plane[Symbol.asyncDispose]());

  /** A new endpoint of the service `other`, with so many connections to it. */
  async function newOther(connections: number, script: Script): Promise<RawOrigin> {
    const origin = await RawOrigin.start();
    onTestFinished(() => origin[Symbol.dispose]());
    origin.onRequest = script;
    const service = { limits: { connections }, retries: { attempts: 0 } };
    await plane.sidecar.call("PUT", "/v1/services/other", serviceAt([origin.address], service));
    return origin;
  }

  describe.each(ENDS)("%s right behind an answer", (_, end) => {
    const script: Script = (connection) => {
      connection.send(OK);
      end(connection);
    };

    test("is seen before the next request is written, a POST too", async () => {
      const other = await newOther(1024, script);
      for (let index = 0; index < REPEATS; index += 1) {
        const client = await plane.open();
        client.send((GET + POST).replaceAll("web", "other"));
        expect((await client.response()).status).toBe(200);
        expect((await client.response()).status).toBe(200);
      }
      expect(other.requests).toHaveLength(2 * REPEATS);
    });

    test("is seen before the connection goes to one who waits for it", async () => {
      const other = await newOther(1, script);
      const clients = await Promise.all(Array.from({ length: REPEATS }, () => plane.open()));
      for (const client of clients) client.send(POST.replace("web", "other"));
      for (const client of clients) expect((await client.response()).status).toBe(200);
      expect(other.requests).toHaveLength(REPEATS);
    });
  });

  test.each(["GET", "POST"])(
    "a 408 that ends the wait for a request is no answer: %s",
    async (method) => {
      plane.origin.onRequest = firstOnly(answer(TIMED_OUT));
      const client = await plane.open();
      await client.send(GET).response();
      const response = await client.send(method === "GET" ? GET : POST).response();
      expect([response.status, response.body]).toEqual([200, "ok"]);
      expect(plane.origin.connections).toHaveLength(2);
      expect(await plane.attempts("5xx")).toBe(0);
    },
  );

  test("a 408 of an application, which keeps its connection, is the answer to a POST", async () => {
    plane.origin.onRequest = firstOnly(answer(responseOf("408 Request Timeout", "mine")));
    const client = await plane.open();
    await client.send(GET).response();
    expect((await client.send(POST).response()).body).toBe("mine");
    expect(plane.origin.requests).toHaveLength(2);
  });

  test("a 408 on a connection that is new is the answer", async () => {
    plane.origin.onRequest = answer(TIMED_OUT);
    const client = await plane.open();
    expect((await client.send(GET).response()).status).toBe(408);
    expect(plane.origin.requests).toHaveLength(1);
  });

  test("what is left over from the answer before is no answer to a GET", async () => {
    const other = await newOther(1024, firstOnly(answer("<html>a body after HEAD</html>")));
    const client = await plane.open();
    await client.send(head("HEAD / HTTP/1.1", "Host: other")).response("HEAD");
    expect((await client.send(GET.replace("web", "other")).response()).body).toBe("ok");
    expect(other.connections).toHaveLength(2);
  });

  describe.each([1, 1024])("with at most %i connections", (connections) => {
    test.each([
      ["GET", OK],
      ["HEAD", head("HTTP/1.1 200 OK", "Content-Length: 2")],
      ["GET", head("HTTP/1.1 304 Not Modified")],
    ])(
      "nobody gets what an endpoint says too late after its answer to %s",
      async (method, bytes) => {
        await newOther(connections, (connection, { line }) => {
          if (!line.includes("/late")) return void connection.send(OK);
          connection.send(bytes);
          return void setImmediate(() => connection.send(responseOf("200 OK", "late")));
        });
        const late = head(`${method} /late HTTP/1.1`, "Host: other");
        const innocent = head("GET / HTTP/1.1", "Host: other");
        const ask = async (request: string, what: string): Promise<readonly string[]> => {
          const client = await plane.open();
          const bodies: string[] = [];
          while (bodies.length < LATE_REPEATS) {
            bodies.push((await client.send(request).response(what)).body);
          }
          return bodies;
        };
        const [first, second] = await Promise.all([
          ask(innocent, "GET"),
          ask(innocent, "GET"),
          ask(late, method),
          ask(late, method),
        ]);
        const allWell = Array.from({ length: LATE_REPEATS }, () => "ok");
        expect([first, second]).toEqual([allWell, allWell]);
      },
    );
  });

  test.each([
    ["a 204 with a length", responseOf("204 No Content", "", "X: y").replace(": 0", ": 5"), 2],
    ["a 204 with chunks", head("HTTP/1.1 204 No Content", "Transfer-Encoding: chunked"), 2],
    ["a 304 with a length", head("HTTP/1.1 304 Not Modified", "Content-Length: 5"), 2],
    ["a 204 without", head("HTTP/1.1 204 No Content"), 1],
  ])(
    "%s: the connection is kept only where no body is spoken of",
    async (_, bytes, connections) => {
      plane.origin.onRequest = answer(bytes);
      const client = await plane.open();
      await client.send(GET).response();
      await client.send(GET).response();
      await eventually(() => expect(plane.origin.connections).toHaveLength(connections));
    },
  );

  test("answers a plain GET after all of that", () => plane.expectAlive());
});
