import { describe, expect, test } from "vitest";
import { IntentionsInForce, JudgedClient } from "../../../proxy/clients/judged-client.ts";
import type { Intention, Intentions } from "../../../proxy/intentions/intentions.ts";
import { eventually } from "../../support/eventually.ts";
import { OK, answer } from "../../support/origin.ts";
import type { RawSocket } from "../../support/raw-socket.ts";
import { ClientsBed } from "./clients-fixture.ts";

/*
 * Goal: a client of the mesh gets what the intentions of this moment allow, and loses what they no
 * longer do. Method: real sockets; what a certificate would say is said by the test.
 */

const GET = "GET / HTTP/1.1\r\nHost: web\r\n\r\n";
const UPGRADE =
  "GET /chat HTTP/1.1\r\nHost: web\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
const SWITCHED =
  "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
  "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
const API = "spiffe://a.consul/ns/default/dc/dc1/svc/api";
/** A Close frame with 1008, as a server sends it. */
const CLOSED_BY_POLICY = "\u0088\u0002\u0003\u00f0";

function intentions(...list: readonly Partial<Intention>[]): Intentions {
  const source = { partition: "default", namespace: "default", name: "api" };
  const whole = list.map((each): Intention => {
    return { source, action: "deny", permissions: [], ...each };
  });
  return { trustDomain: "a.consul", defaultAction: "deny", list: whole };
}

function permitting(...paths: readonly string[]): Partial<Intention> {
  const permissions = paths.map((value) => {
    const path = { is: "exact", value } as const;
    return { action: "allow", path, methods: [], headers: [] } as const;
  });
  return { action: "permissions", permissions };
}

const ALLOWED = intentions({ action: "allow" });
const DENIED = intentions({ action: "deny" });

/** Bytes of a client whose certificate says that it is this. */
async function client(first: Intentions | undefined, uris: readonly string[] = [API]) {
  const bed = await ClientsBed.start();
  const { client: socket, connection } = await bed.open("web");
  const { intentions: inForce, connections } = bed.deps;
  inForce.replace(first);
  Object.assign(connection, { judged: new JudgedClient(uris, inForce) });
  const change = (next: Intentions | undefined): void => {
    inForce.replace(next);
    connections.judgeAgain();
  };
  return { bed, socket, change };
}

async function statusOf(socket: RawSocket, request: string): Promise<number> {
  return (await socket.send(request).response()).status;
}

describe("JudgedClient", () => {
  test("is whom its only URI names, and nobody otherwise", () => {
    const inForce = new IntentionsInForce();
    inForce.replace(ALLOWED);
    const may = (uris: readonly string[]): unknown => new JudgedClient(uris, inForce).rule.always;
    expect(may([API])).toBe("allow");
    expect(may([])).toBe("deny");
    expect(may([API, API])).toBe("deny");
    expect(may([API.replace("/svc/", "/gateway/")])).toBe("deny");
  });

  test("may nothing until intentions are known", async () => {
    const { bed, socket, change } = await client(undefined);
    expect(await statusOf(socket, GET)).toBe(403);
    expect(bed.origin.requests).toEqual([]);
    change(ALLOWED);
    expect(await statusOf(socket, GET)).toBe(200);
  });

  test("is denied request by request, with the reason, and keeps its connection", async () => {
    const { bed, socket, change } = await client(intentions(permitting("/public")));
    const denied = await socket.send(GET).response();
    expect([denied.status, denied.field("proxy-status")]).toEqual([
      403,
      "sluice; error=http_request_denied",
    ]);
    expect(await statusOf(socket, GET.replace("/ ", "/public "))).toBe(200);
    expect(await statusOf(socket, GET.replace("/ ", "/%70ublic/ "))).toBe(403);
    change(DENIED);
    expect(await statusOf(socket, GET.replace("/ ", "/public "))).toBe(403);
    expect(bed.deps.rejected.toRecord()).toEqual({ "intention-denied": 3 });
    expect(bed.deps.localReplies.stats()).toEqual([
      { service: "web", errors: { http_request_denied: 3 } },
    ]);
  });

  test("loses a request under way that is no longer allowed: 403, or a reset", async () => {
    const { bed, socket, change } = await client(ALLOWED);
    bed.origin.onRequest = () => undefined;
    socket.send(GET);
    await eventually(() => expect(bed.origin.requests).toHaveLength(1));
    change(DENIED);
    expect((await socket.response()).status).toBe(403);
    const other = await client(ALLOWED);
    other.bed.origin.onRequest = answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    other.socket.send(GET);
    await eventually(() => expect(other.socket.text).toContain("half"));
    other.change(DENIED);
    await eventually(() => expect(other.socket.fate).toBe("reset"));
  });

  test("keeps a request under way that is still allowed", async () => {
    const { bed, socket, change } = await client(ALLOWED);
    bed.origin.onRequest = () => undefined;
    socket.send(GET);
    await eventually(() => expect(bed.origin.requests).toHaveLength(1));
    change(intentions(permitting("/")));
    bed.origin.lastConnection.send(OK);
    expect((await socket.response()).status).toBe(200);
  });

  async function tunnel(first: Intentions) {
    const opened = await client(first);
    const { bed, socket } = opened;
    bed.origin.onRequest = answer(SWITCHED);
    expect(await statusOf(socket, UPGRADE)).toBe(101);
    await eventually(() => expect(bed.deps.connections.tunnels).toBe(1));
    return opened;
  }

  test.each([
    ["its source is denied", ALLOWED, DENIED],
    ["nothing is known any more", ALLOWED, undefined],
    [
      "its source has other permissions",
      intentions(permitting("/chat")),
      intentions(permitting("/")),
    ],
    ["its source has permissions now", ALLOWED, intentions(permitting("/chat"))],
  ])("loses a tunnel when %s, and is told why", async (_, first, next) => {
    const { bed, socket, change } = await tunnel(first);
    change(next);
    await eventually(() => expect(socket.text).toBe(CLOSED_BY_POLICY));
    await eventually(() => expect(socket.fate).not.toBe("open"));
    await eventually(() => expect(bed.deps.connections.tunnels).toBe(0));
  });

  test.each([
    ["nothing changes", ALLOWED, ALLOWED],
    ["its permissions stay", intentions(permitting("/chat")), intentions(permitting("/chat"))],
    ["its source may anything now", intentions(permitting("/chat")), ALLOWED],
    ["only others change", ALLOWED, intentions({ action: "allow" }, { action: "deny" })],
  ])("keeps a tunnel when %s", async (_, first, next) => {
    const { bed, socket, change } = await tunnel(first);
    change(next);
    bed.origin.lastConnection.send("\u0081\u0002hi");
    await eventually(() => expect(socket.text).toBe("\u0081\u0002hi"));
    expect(bed.deps.connections.tunnels).toBe(1);
  });
});

test("a client that is not of the mesh is none of the intentions' business", async () => {
  const bed = await ClientsBed.start();
  const { client: socket } = await bed.open("web");
  bed.deps.intentions.replace(DENIED);
  bed.deps.connections.judgeAgain();
  expect(await statusOf(socket, GET)).toBe(200);
});
