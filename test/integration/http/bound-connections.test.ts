import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { RawOrigin } from "../../support/origin.ts";
import type { OriginConnection } from "../../support/origin.ts";
import type { RawSocket } from "../../support/raw-socket.ts";
import { DataPlane, head, responseOf, serviceAt } from "./data-plane.ts";

const CHALLENGE = responseOf("401 Unauthorized", "who?", "WWW-Authenticate: Negotiate, NTLM");

/** A request, perhaps with credentials that sign the connection in. */
function get(host: string, user?: string, path = "/"): string {
  const credentials = user === undefined ? [] : [`Authorization: NTLM ${user}`];
  return head(`GET ${path} HTTP/1.1`, `Host: ${host}`, ...credentials);
}

/** An origin to which a connection is whoever has signed in on it. */
function signIn(origin: RawOrigin, name: string): void {
  const users = new Map<OriginConnection, string>();
  origin.onRequest = (connection, request) => {
    const user = request.field("authorization")?.split(" ")[1];
    if (user !== undefined) users.set(connection, user);
    const known = users.get(connection);
    connection.send(known === undefined ? CHALLENGE : responseOf("200 OK", `${known} at ${name}`));
  };
}

describe("connections that an origin has signed a client in on (RFC 4559)", () => {
  let plane: DataPlane;
  let first: RawOrigin;
  let second: RawOrigin;

  beforeAll(async () => {
    first = await RawOrigin.start();
    second = await RawOrigin.start();
    const versions = {
      v1: { weight: 50, endpoints: [first.address] },
      v2: { weight: 50, endpoints: [second.address] },
    };
    const split = { versions, stable: "v1", routes: [{ match: { path: "/two" }, to: "v2" }] };
    const narrow = serviceAt([first.address], { limits: { connections: 2 } });
    plane = await DataPlane.start({}, { services: { split, narrow } });
  });
  afterEach(async () => {
    for (const { socket } of [...first.connections, ...second.connections]) socket.destroy();
    first.clear();
    second.clear();
    await plane.endTest();
  });
  afterAll(async () => {
    first[Symbol.dispose]();
    second[Symbol.dispose]();
    await plane[Symbol.asyncDispose]();
  });

  async function body(client: RawSocket, request: string): Promise<string> {
    return (await client.send(request).response()).body;
  }

  test("go on with their client, and with nobody else", async () => {
    signIn(plane.origin, "web");
    const alice = await plane.open();
    expect(await body(alice, get("web", "alice"))).toBe("alice at web");
    for (let index = 0; index < 10; index += 1) {
      const other = await plane.open();
      expect(await body(other, get("web"))).toBe("who?");
      expect(await body(alice, get("web"))).toBe("alice at web");
    }
    expect(plane.origin.requests.filter(({ text }) => text.includes("NTLM"))).toHaveLength(1);
  });

  test("belong to the client from the challenge on: the handshake stays on one", async () => {
    signIn(plane.origin, "web");
    const clients = await Promise.all(Array.from({ length: 5 }, () => plane.open()));
    for (const client of clients) expect(await body(client, get("web"))).toBe("who?");
    for (const [index, client] of clients.entries()) {
      expect(await body(client, get("web", `user${index}`))).toBe(`user${index} at web`);
    }
    expect(plane.origin.connections).toHaveLength(5);
  });

  test("end with their client", async () => {
    signIn(plane.origin, "web");
    const alice = await plane.open();
    await body(alice, get("web", "alice"));
    alice.close();
    await eventually(() => expect(plane.origin.lastConnection.fate).not.toBe("open"));
  });

  test("keep the split where it was, unless a route says otherwise", async () => {
    signIn(first, "v1");
    signIn(second, "v2");
    const alice = await plane.open();
    const where = await body(alice, get("split", "alice"));
    for (let index = 0; index < 10; index += 1) {
      expect(await body(alice, get("split"))).toBe(where);
    }
    expect(await body(alice, get("split", "bob", "/two"))).toBe("bob at v2");
    expect(await body(alice, get("split", undefined, "/two"))).toBe("bob at v2");
  });

  test("are one for each client: signing in elsewhere ends the one before", async () => {
    signIn(plane.origin, "web");
    signIn(first, "narrow");
    const alice = await plane.open();
    await body(alice, get("web", "alice"));
    expect(await body(alice, get("narrow", "bob"))).toBe("bob at narrow");
    await eventually(() => expect(plane.origin.lastConnection.fate).not.toBe("open"));
    expect(await body(alice, get("narrow"))).toBe("bob at narrow");
  });

  test("that the origin has closed are replaced by one that nobody is signed in on", async () => {
    signIn(plane.origin, "web");
    const alice = await plane.open();
    await body(alice, get("web", "alice"));
    plane.origin.lastConnection.socket.end();
    expect(await body(alice, get("web"))).toBe("who?");
    expect(await body(alice, get("web", "alice"))).toBe("alice at web");
  });

  test("are not handed over: the next answer of the old worker closes the client's", async () => {
    signIn(plane.origin, "web");
    const alice = await plane.open();
    await body(alice, get("web", "alice"));
    const swapped = plane.sidecar.call("POST", "/v1/workers/swap");
    const seen: string[] = [];
    await eventually(async () => {
      const response = await alice.send(get("web")).response();
      seen.push(response.body);
      expect(response.field("connection")).toBe("close");
    });
    expect(new Set(seen)).toEqual(new Set(["alice at web"]));
    expect(await alice.ended()).toBe("fin");
    expect((await swapped).status).toBeLessThan(300);
    const again = await plane.open();
    expect(await body(again, get("web"))).toBe("who?");
  });
});
