import { once } from "node:events";
import { createServer } from "node:tls";
import type { ConnectionOptions } from "node:tls";
import type { AddressInfo, Socket } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { makeCertificate } from "../../support/certificates.ts";
import { clientHello, EXTENSION, serverNames } from "../../support/client-hello.ts";
import { eventually } from "../../support/eventually.ts";
import { RawSocket } from "../../support/raw-socket.ts";
import { deadAddress, TcpOrigin } from "../../support/tcp-origin.ts";
import { TcpBed } from "./tcp-fixture.ts";
import { AUTHORITY, CLIENT_OPTIONS, DOOR_TLS, MATERIAL, MUTUAL } from "./tls-door-fixture.ts";

/*
 * Goal: the name that a client asks for in TLS chooses its service, whether TLS ends here or not.
 * Method: real handshakes through a real listener, to endpoints that end TLS or speak in clear.
 */

const SNI = { sni: { "shop.example": "web" } };
const BY_NAME = { service: undefined, tcp: SNI };
const SHOP = makeCertificate({ issuer: AUTHORITY, names: ["DNS:shop.example"] });

/** An endpoint that ends TLS itself, says hello and sends back what it gets. */
async function tlsOrigin(): Promise<string> {
  const server = createServer({ cert: SHOP.chainPem, key: SHOP.keyPem }, (socket) => {
    socket.on("error", () => undefined);
    socket.write("hello\n");
    socket.pipe(socket);
  });
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function openTls(bed: TcpBed, options: ConnectionOptions): Promise<RawSocket> {
  const client = await RawSocket.openTls({ port: bed.port }, options);
  onTestFinished(() => client.close());
  return client;
}

describe("HelloPreface", () => {
  test("leads by name to an endpoint that ends TLS, and changes nothing", async () => {
    const bed = await TcpBed.start({ v1: [await deadAddress(), await tlsOrigin()] }, {}, BY_NAME);
    const verified = {
      servername: "shop.example",
      ca: AUTHORITY.certPem,
      rejectUnauthorized: true,
    };
    for (let times = 0; times < 4; times += 1) {
      const client = await openTls(bed, verified);
      await client.send("what").until("hello\nwhat");
    }
  });

  test("takes a hello in as many pieces as it comes, behind a PROXY header too", async () => {
    const [v1] = [await TcpOrigin.start("v1")];
    const about = { ...BY_NAME, proxyProtocol: true, trustedPeers: ["127.0.0.1"] };
    const bed = await TcpBed.start({ v1: [v1.address] }, {}, about);
    const name = serverNames("shop.example");
    const hello = clientHello({ extensions: { [EXTENSION.serverName]: name } }).toString("latin1");
    const client = await bed.open();
    await client.sendPieces(`PROXY TCP4 203.0.113.9 10.0.0.1 1 2\r\n${hello}`);
    await eventually(() => expect(v1.visits[0]?.text).toBe(hello));
  });

  test("refuses a name that nobody has in TLS's own words, and whoever asks for none", async () => {
    const bed = await TcpBed.start({ v1: ["127.0.0.1:1"] }, {}, BY_NAME);
    await expect(openTls(bed, { servername: "other.example" })).rejects.toThrow(
      /unrecognized name/i,
    );
    await expect(openTls(bed, {})).rejects.toThrow(/unrecognized name/i);
    expect(bed.deps.rejected.toRecord()).toEqual({ "sni-unknown": 1, "sni-missing": 1 });
    await eventually(() => expect(bed.deps.connections.isEmpty).toBe(true));
  });

  test("ends whoever does not speak TLS, or says nothing in time", async () => {
    const bed = await TcpBed.start({ v1: ["127.0.0.1:1"] }, {}, BY_NAME);
    expect(await (await bed.open()).send("PING\r\n").closed()).toBe("reset");
    const silent = await bed.open();
    await eventually(() => expect(bed.deps.connections.size).toBe(1));
    bed.time.advance(10_200);
    await silent.ended();
    const leaving = await bed.open();
    await leaving.finish().ended();
    expect(bed.deps.rejected.toRecord()).toEqual({
      "client-hello-invalid": 1,
      "client-hello-timeout": 1,
    });
  });

  test("leads others to the listener's own service, TLS or not", async () => {
    const v1 = await TcpOrigin.start("v1");
    const about = { tcp: { sni: { "shop.example": "nobody" } } };
    const bed = await TcpBed.start({ v1: [v1.address] }, {}, about);
    const client = (await bed.open()).send("PING");
    await client.until("v1\nPING");
    const other = clientHello({ extensions: { [EXTENSION.serverName]: undefined } });
    (await bed.open()).send(other);
    await eventually(() => expect(v1.visits[1]?.text).toBe(other.toString("latin1")));
  });
});

describe("TcpConnection behind a TlsDoor", () => {
  test("leads by name, with TLS ended here and no protocol named", async () => {
    const v1 = await TcpOrigin.start("v1");
    const bed = await TcpBed.start({ v1: [v1.address] }, {}, { ...BY_NAME, tls: DOOR_TLS });
    bed.deps.contexts.replace(MATERIAL);
    const client = await openTls(bed, { servername: "shop.example", ALPNProtocols: ["redis"] });
    await client.send("what").until("v1\nwhat");
    expect(client.socket).toMatchObject({ alpnProtocol: false });
    expect(await client.finish().ended()).toBe("fin");
    expect(client.text).toBe("v1\nwhatbye");
    const other = await openTls(bed, { servername: "other.example" });
    expect(await other.ended()).toBe("reset");
    expect(bed.deps.rejected.toRecord()).toEqual({ "sni-unknown": 1 });
  });

  test("is reset when intentions do not allow all of it, at once and later", async () => {
    const v1 = await TcpOrigin.start("v1");
    const tls = { ...DOOR_TLS, ...MUTUAL, forwardClientCert: "off", intentions: true } as const;
    const bed = await TcpBed.start({ v1: [v1.address] }, {}, { tls });
    bed.deps.contexts.replace(MATERIAL);
    // The certificate says nothing that a mesh knows, so that nothing is allowed.
    const client = await openTls(bed, CLIENT_OPTIONS);
    expect(await client.ended()).toBe("reset");
    expect(v1.visits).toEqual([]);
    expect(bed.deps.rejected.toRecord()).toEqual({ "intention-denied": 1 });
  });
});
