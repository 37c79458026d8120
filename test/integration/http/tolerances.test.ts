import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { TOLERANCES } from "../../../proxy/table/tolerance.ts";
import { eventually } from "../../support/eventually.ts";
import { answer } from "../../support/origin.ts";
import { exchangeRaw } from "../../support/raw-socket.ts";
import { DataPlane, head, serviceAt } from "./data-plane.ts";

const CHUNKED = "Transfer-Encoding: chunked";
const PADDED = "2 \r\nok\r\n0\t\r\n\r\n";
const SWITCH = "HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

/** Requests that break one rule: its name, the request for a host, and what the origin gets. */
const REQUESTS: readonly (readonly [string, (host: string) => string, string])[] = [
  ["chunk-size-padding", (host) => head("POST / HTTP/1.1", host, CHUNKED) + PADDED, PADDED],
  [
    "equal-content-length-twice",
    (host) => `${head("POST / HTTP/1.1", host, "Content-Length: 2", "Content-Length: 2")}ok`,
    "Content-Length: 2\r\n",
  ],
  [
    "equal-content-length-twice",
    (host) => `${head("POST / HTTP/1.1", "Content-Length: 2, 2", host)}ok`,
    "Content-Length: 2\r\n",
  ],
  [
    "raw-utf8-target",
    (host) => head("GET /caf\xc3\xa9?a=\xe2\x82\xac HTTP/1.1", host),
    "GET /caf\xc3\xa9?a=\xe2\x82\xac HTTP/1.1\r\n",
  ],
  [
    "websocket-key",
    (host) =>
      head(
        "GET / HTTP/1.1",
        host,
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: MDEyMzQ1Njc=",
      ),
    "Sec-WebSocket-Key: MDEyMzQ1Njc=\r\n",
  ],
];

/** Answers that break one rule: its name, and the answer. */
const ANSWERS: readonly (readonly [string, string])[] = [
  ["chunk-size-padding", `${head("HTTP/1.1 200 OK", CHUNKED)}${PADDED}`],
  [
    "equal-content-length-twice",
    `${head("HTTP/1.1 200 OK", "Content-Length: 2", "Content-Length: 2")}ok`,
  ],
  [
    "content-length-with-chunked",
    `${head("HTTP/1.1 200 OK", "Content-Length: 9", CHUNKED)}2\r\nok\r\n0\r\n\r\n`,
  ],
];

describe("what a service may tolerate (docs/http.md)", () => {
  let plane: DataPlane;

  beforeAll(async () => {
    plane = await DataPlane.start();
    const routes = [{ match: { path: "/caf%C3%A9" }, maxBody: "1B" }];
    const lenient = serviceAt([plane.origin.address], { tolerate: TOLERANCES, routes });
    expect((await plane.sidecar.call("PUT", "/v1/services/lenient", lenient)).status).toBe(201);
  });
  afterEach(() => plane.endTest());
  afterAll(() => plane[Symbol.asyncDispose]());

  /** Expects the log to say that a message was refused for this reason, and what to do about it. */
  function expectSaid(event: string, reason: string): Promise<void> {
    const line = { event, reason, service: "web", key: `tolerate: [${reason}]` };
    return eventually(() =>
      expect(plane.sidecar.log).toContainEqual(expect.objectContaining(line)),
    );
  }

  test.each(REQUESTS)(
    "a request with %s is refused by default, by that name",
    async (name, text) => {
      const before = await plane.rejected(name);
      const { response, fate } = await exchangeRaw(plane.target(), text("Host: web"));
      expect([response.status, fate]).toEqual([400, "fin"]);
      expect(response.body).toBe(`The request was refused: ${name}\n`);
      expect(plane.origin.connections).toHaveLength(0);
      expect(await plane.rejected(name)).toBe(before + 1);
      await expectSaid("request.refused", name);
    },
  );

  test.each(REQUESTS)(
    "a request with %s is taken where that is tolerated",
    async (name, text, sees) => {
      if (name === "websocket-key") plane.origin.onRequest = answer(SWITCH);
      const client = await plane.open();
      const { status } = await client.send(text("Host: lenient")).response();
      expect(status).toBe(name === "websocket-key" ? 101 : 200);
      expect(plane.origin.requests[0]?.text).toContain(sees);
      expect(plane.origin.requests[0]?.text.match(/content-length/gi)?.length ?? 1).toBe(1);
    },
  );

  test.each(ANSWERS)(
    "an answer with %s is refused by default, by that name",
    async (name, bytes) => {
      const before = await plane.rejected(name);
      plane.origin.onRequest = answer(bytes);
      const client = await plane.open();
      client.send(head("GET / HTTP/1.1", "Host: web"));
      if (name === "chunk-size-padding") await eventually(() => expect(client.fate).toBe("reset"));
      else expect((await client.response()).status).toBe(502);
      expect(await plane.rejected(name)).toBe(before + 1);
      await expectSaid("response.refused", name);
    },
  );

  test.each(ANSWERS)("an answer with %s passes where that is tolerated", async (name, bytes) => {
    plane.origin.onRequest = answer(bytes);
    const client = await plane.open();
    const response = await client.send(head("GET / HTTP/1.1", "Host: lenient")).response();
    expect(response.status).toBe(200);
    const lengths = response.fields.filter(([field]) => field === "content-length");
    expect(lengths).toEqual(name === "equal-content-length-twice" ? [["content-length", "2"]] : []);
    expect((await client.send(head("GET / HTTP/1.1", "Host: lenient")).response()).status).toBe(
      200,
    );
    // Whoever sends both framings is not asked again on that connection (9112 6.1).
    const connections = name === "content-length-with-chunked" ? 2 : 1;
    expect(plane.origin.connections).toHaveLength(connections);
  });

  test("a route sees UTF-8 as it sees its escapes, so that no spelling slips past", async () => {
    const client = await plane.open();
    const lines = ["Host: lenient", "Content-Length: 2"];
    client.send(`${head("POST /caf\xc3\xa9/x HTTP/1.1", ...lines)}ok`);
    expect((await client.response()).status).toBe(413);
  });

  test("both framings in a request, and lengths that differ, are refused even there", async () => {
    for (const lines of [
      ["Content-Length: 2", CHUNKED],
      ["Content-Length: 2", "Content-Length: 3"],
    ]) {
      const text = head("POST / HTTP/1.1", "Host: lenient", ...lines);
      const { response } = await exchangeRaw(plane.target(), `${text}0\r\n\r\n`);
      expect(response.status).toBe(400);
    }
    expect(plane.origin.connections).toHaveLength(0);
  });

  test("answers a plain GET after all of that", () => plane.expectAlive());
});
