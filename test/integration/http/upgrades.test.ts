import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { OK, answer } from "../../support/origin.ts";
import { DataPlane, head, responseOf } from "./data-plane.ts";

const GET = head("GET / HTTP/1.1", "Host: web");
const ASKS = ["Connection: Upgrade", "Upgrade: tcp"] as const;
const SWITCH = head("HTTP/1.1 101 UPGRADED", ...ASKS);
/** What `docker exec` sends. */
const POST_HEAD = head("POST /exec HTTP/1.1", "Host: web", ...ASKS, "Content-Length: 7");
const BODY = '{"a":1}';

describe("upgrades, and heads that are not quite right (RFC 9110 7.8, 15.2; 9112 9.6)", () => {
  let plane: DataPlane;

  beforeAll(async () => {
    plane = await DataPlane.start();
  });
  afterEach(() => plane.endTest());
  afterAll(() => plane[Symbol.asyncDispose]());

  test.each([
    ["with its head", [`${POST_HEAD}${BODY}`]],
    ["in pieces", [POST_HEAD, BODY.slice(0, 3), BODY.slice(3)]],
    [
      "in chunks",
      [
        POST_HEAD.replace("Content-Length: 7", "Transfer-Encoding: chunked"),
        `7\r\n${BODY}\r\n`,
      ].concat("0\r\n\r\n"),
    ],
  ])("a request with a body, %s, becomes a tunnel", async (_name, pieces) => {
    plane.origin.onRequest = answer(`${SWITCH}hello`);
    const client = await plane.open();
    for (const piece of pieces) {
      client.send(piece);
      await eventually(() =>
        expect(plane.origin.lastConnection.received).toContain(piece.slice(-3)),
      );
    }
    const response = await client.response();
    expect([response.status, response.field("upgrade")]).toEqual([101, "tcp"]);
    expect(plane.origin.requests[0]?.field("upgrade")).toBe("tcp");
    expect(plane.origin.requests[0]?.text).toContain(BODY);
    await client.until("hello");
    client.send("stdin");
    await eventually(() => expect(plane.origin.lastConnection.received).toMatch(/stdin$/));
    expect(await plane.tunnelsOpen()).toBe(1);
  });

  test("502: a 101 before the request is complete, which goes on in HTTP", async () => {
    plane.origin.onHead = answer(SWITCH);
    const client = await plane.open();
    const response = await client.send(POST_HEAD + BODY.slice(0, 3)).response();
    expect(response.status).toBe(502);
    expect(response.field("proxy-status")).toBe("sluice; error=http_upgrade_failed");
    await eventually(() => expect(plane.origin.lastConnection.fate).not.toBe("open"));
  });

  test("who declines an upgrade with a body gets no more requests on that connection", async () => {
    const client = await plane.open();
    expect((await client.send(POST_HEAD + BODY).response()).body).toBe("ok");
    expect((await client.send(GET).response()).body).toBe("ok");
    expect(plane.origin.connections).toHaveLength(2);
    await eventually(() => expect(plane.origin.connections[0]?.fate).not.toBe("open"));
  });

  test.each([
    ["with Connection: close beside upgrade", SWITCH.replace("Upgrade", "close, Upgrade")],
    ["with Connection: close only", SWITCH.replace(": Upgrade", ": close")],
    ["of HTTP/1.0", SWITCH.replace("HTTP/1.1", "HTTP/1.0")],
  ])("a 101 %s opens the tunnel that was asked for", async (_name, bytes) => {
    plane.origin.onRequest = answer(`${bytes}hello`);
    const client = await plane.open();
    const response = await client.send(POST_HEAD + BODY).response();
    expect(response.statusLine).toBe("HTTP/1.1 101 UPGRADED");
    expect(response.field("connection")).toBe("Upgrade");
    await client.until("hello");
  });

  test("a client of HTTP/1.0 cannot ask for another protocol, and gets no 101", async () => {
    plane.origin.onRequest = answer(SWITCH);
    const client = await plane.open();
    client.send(POST_HEAD.replace("HTTP/1.1", "HTTP/1.0") + BODY);
    expect((await client.response()).status).toBe(502);
    expect(plane.origin.requests[0]?.field("upgrade")).toBeUndefined();
  });

  test.each([
    ["with Connection: close", head("HTTP/1.1 103 Early Hints", "Connection: close")],
    ["of HTTP/1.0", head("HTTP/1.0 103 Early Hints")],
  ])("a 1xx %s passes, and the final answer ends the connection", async (_name, bytes) => {
    plane.origin.onRequest = answer(bytes + OK);
    const client = await plane.open();
    client.send(GET);
    const interim = await client.response();
    expect(interim.statusLine).toBe("HTTP/1.1 103 Early Hints");
    expect(interim.field("connection")).toBeUndefined();
    const final = await client.response();
    expect([final.body, final.field("connection")]).toEqual(["ok", undefined]);
    await eventually(() => expect(plane.origin.connections[0]?.fate).not.toBe("open"));
    plane.origin.onRequest = answer(OK);
    expect((await client.send(GET).response()).body).toBe("ok");
    expect(plane.origin.connections).toHaveLength(2);
  });

  test.each(["keep-alive Te", "Keep-Alive; timeout=5"])(
    "a Connection of %j is passed over, and the connection is kept (9110 7.6.1)",
    async (value) => {
      plane.origin.onRequest = answer(responseOf("200 OK", "ok", `Connection: ${value}`));
      const client = await plane.open();
      expect((await client.send(GET).response()).body).toBe("ok");
      expect((await client.send(GET).response()).body).toBe("ok");
      expect(plane.origin.connections).toHaveLength(1);
    },
  );

  test("a 426 says which protocol is required (9110 15.5.22), to any client", async () => {
    plane.origin.onRequest = answer(responseOf("426 Upgrade Required", "no", ...ASKS));
    const client = await plane.open();
    const response = await client.send(GET).response();
    expect([response.status, response.body]).toEqual([426, "no"]);
    expect([response.field("upgrade"), response.field("connection")]).toEqual(["tcp", "Upgrade"]);
    const old = await client.send("GET / HTTP/1.0\r\nHost: web\r\n\r\n").response();
    expect([old.field("upgrade"), old.field("connection")]).toEqual(["tcp", "close, Upgrade"]);
  });

  test("answers a plain GET after all of that", () => plane.expectAlive());
});
