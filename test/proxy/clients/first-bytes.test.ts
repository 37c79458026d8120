import { describe, expect, test } from "vitest";
import { ClientConnection } from "../../../proxy/clients/client-connection.ts";
import { eventually } from "../../support/eventually.ts";
import { PEER } from "./clients-fixture.ts";
import { get, openPlain, rejected, serving } from "./tls-door-fixture.ts";
import { ask, openHttp2 } from "./http2-fixture.ts";

const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/** An empty SETTINGS frame. */
const SETTINGS = "\u0000\u0000\u0000\u0004\u0000\u0000\u0000\u0000\u0000";

describe("FirstBytes", () => {
  test.each([["GET"], ["POST"], ["PUT"], ["PROPFIND"]])(
    "leaves a connection that begins with %s, in however many pieces, to HTTP/1.1",
    async (method) => {
      const { bed, port } = await serving({}, { tls: undefined });
      const client = await openPlain(port);
      const text = `${method} / HTTP/1.1\r\nHost: web\r\nContent-Length: 0\r\n\r\n`;
      for (const piece of [text.slice(0, 1), text.slice(1, 2), text.slice(2)]) {
        client.send(piece);
        await bed.serveOthers();
      }
      expect((await client.response()).status).toBe(200);
      expect(bed.deps.connections.http2).toBe(0);
    },
  );

  test("makes one that begins with the preface one of HTTP/2, however it comes", async () => {
    const { bed, port } = await serving({}, { tls: undefined });
    const client = await openPlain(port);
    const text = PREFACE + SETTINGS;
    for (const piece of [text.slice(0, 2), text.slice(2, 9), text.slice(9)]) {
      client.send(piece);
      await bed.serveOthers();
    }
    // SETTINGS of ours, then one that acknowledges the client's.
    await client.until("\u0000\u0000\u0000\u0004\u0001\u0000\u0000\u0000\u0000");
    expect(bed.deps.connections.http2).toBe(1);
    client.close();
    await eventually(() => expect(bed.deps.connections.http2).toBe(0));
  });

  test("knows HTTP/2 behind the PROXY protocol, from whom the header says", async () => {
    const about = { proxyProtocol: true, trustedPeers: ["127.0.0.1"], tls: undefined };
    const { bed, port } = await serving({}, about);
    const client = await openPlain(port);
    client.send(`PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n${PREFACE}${SETTINGS}`);
    await client.until("\u0000\u0000\u0000\u0004\u0001\u0000\u0000\u0000\u0000");
    expect(bed.deps.connections.http2).toBe(1);
  });

  test("lets one that has said nothing go to another worker, and begin anew there", async () => {
    const { bed, port } = await serving({}, { tls: undefined });
    const client = await openPlain(port);
    await eventually(() => expect(bed.deps.connections.size).toBe(1));
    const given = [...bed.deps.connections][0]?.giveAway();
    if (given?.about.kind !== "idle") throw new Error("It was not given away.");
    expect(given.about.isNew).toBe(true);
    const connection = new ClientConnection(given.handle, PEER, undefined, bed.deps);
    bed.deps.connections.add(connection);
    connection.adopt(given.about);
    client.send(PREFACE + SETTINGS);
    await client.until("\u0000\u0000\u0000\u0004\u0001\u0000\u0000\u0000\u0000");
    expect([bed.deps.connections.size, bed.deps.connections.http2]).toEqual([1, 1]);
  });

  test("keeps one here whose first byte has come", async () => {
    const { bed, port } = await serving({}, { tls: undefined });
    const client = await openPlain(port);
    client.send("P");
    await bed.serveOthers();
    const [first] = bed.deps.connections;
    expect(first?.giveAway()).toBeUndefined();
    client.send("UT / HTTP/1.1\r\nHost: web\r\nContent-Length: 0\r\n\r\n");
    expect((await client.response()).status).toBe(200);
  });

  test.each(["P", "PRI"])("answers one that stops behind %s by 408", async (text) => {
    const { bed, port } = await serving({}, { tls: undefined });
    const client = await openPlain(port);
    client.send(text);
    await bed.serveOthers();
    bed.time.advance(11_000);
    expect((await client.response()).status).toBe(408);
    expect(rejected(bed)["head-timeout"]).toBe(1);
    client.close();
    await eventually(() => expect(bed.deps.connections.size).toBe(0));
  });

  test("answers a damaged preface by 400, and where only HTTP/2 is spoken by GOAWAY", async () => {
    const damaged = "INVALID CONNECTION PREFACE\r\n\r\n";
    const both = await serving({}, { tls: undefined });
    const one = await openPlain(both.port);
    expect((await one.send(damaged).response()).status).toBe(400);
    const only = await serving({}, { tls: undefined, protocols: ["h2"] });
    const other = await openPlain(only.port);
    // GOAWAY of stream 0: PROTOCOL_ERROR.
    await other.send(damaged).until("\u0007\0\0\0\0\0\0\0\0\0\0\0\0\u0001");
    expect(await other.ended()).toBe("fin");
  });

  test("is not asked where only one of both is spoken", async () => {
    const only = await serving({}, { tls: undefined, protocols: ["http/1.1"] });
    const old = await openPlain(only.port);
    old.send(PREFACE);
    expect((await old.response()).status).toBe(505);
    expect(rejected(only.bed)["version-unsupported"]).toBe(1);
    const other = await serving({}, { tls: undefined, protocols: ["h2"] });
    const client = await openPlain(other.port);
    client.send(get());
    await client.ended();
    expect(rejected(other.bed)["h2-preface-invalid"]).toBe(1);
    expect((await ask(openHttp2(other.port))).status).toBe(200);
  });
});
