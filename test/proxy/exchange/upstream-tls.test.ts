import type { TLSSocket, TlsOptions } from "node:tls";
import { connect, createServer } from "node:net";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import type { TlsMaterial } from "../../../proxy/table/tls.ts";
import { makeAuthority, makeCertificate } from "../../support/certificates.ts";
import { eventually } from "../../support/eventually.ts";
import { answer, RawOrigin } from "../../support/origin.ts";
import type { RawSocket } from "../../support/raw-socket.ts";
import { ClientsBed } from "../clients/clients-fixture.ts";

/*
 * Goal: what a client gets when the way to the endpoint is encrypted. Method: a whole worker's side
 * in this process, real sockets, and an origin that speaks TLS.
 */

const AUTHORITY = makeAuthority();
const OURS = makeCertificate({ issuer: AUTHORITY });
const MATERIAL: TlsMaterial = {
  identities: [{ id: "file:/us.pem", certPem: OURS.chainPem, keyPem: OURS.keyPem, names: [] }],
  trusts: [{ id: "ca:/ca.pem", pem: AUTHORITY.certPem }],
  ticketKeys: [],
};
const GET = "GET / HTTP/1.1\r\nHost: web\r\n\r\n";

type Encrypted = {
  readonly bed: ClientsBed;
  readonly origin: RawOrigin;
  readonly client: RawSocket;
};

/** A client in clear whose endpoint is reached by TLS; `between`: through something else. */
async function encrypted(
  options: TlsOptions = {},
  tls: object = {},
  between?: (port: number) => Promise<number>,
): Promise<Encrypted> {
  const here = makeCertificate({ issuer: AUTHORITY, names: ["IP:127.0.0.1"] });
  const origin = await RawOrigin.startTls({ cert: here.chainPem, key: here.keyPem, ...options });
  onTestFinished(() => origin[Symbol.dispose]());
  const port = Number(origin.address.split(":").at(-1));
  const endpoint = between === undefined ? origin.address : `127.0.0.1:${await between(port)}`;
  const bed = await ClientsBed.start(
    {
      upstream: { tls: { ca: "/ca.pem", ...tls } },
      versions: { v1: { endpoints: [endpoint] } },
    },
    origin,
  );
  bed.deps.contexts.replace(MATERIAL);
  bed.deps.services.followTls();
  const { client } = await bed.open("web");
  return { bed, origin, client };
}

/** Something between that passes records on, and cuts the way to the client when it is told to. */
async function cutting(port: number, cuts: (() => void)[]): Promise<number> {
  const server = createServer((socket) => {
    const to = connect({ host: "127.0.0.1", port });
    onTestFinished(() => void to.destroy());
    for (const each of [socket, to]) each.on("error", () => undefined);
    socket.pipe(to);
    to.pipe(socket, { end: false });
    cuts.push(() => socket.end());
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

describe("An exchange over TLS", () => {
  test("is as one in clear, large bodies both ways included, and resumes its session", async () => {
    const { origin, client } = await encrypted();
    const body = "x".repeat(300_000);
    origin.onRequest = (connection, { text }) => {
      const length = text.length - text.indexOf("\r\n\r\n") - 4;
      connection.send(
        `HTTP/1.1 200 OK\r\nX-Length: ${length}\r\nContent-Length: ${body.length}\r\n\r\n`,
      );
      connection.send(body);
    };
    const post = `POST / HTTP/1.1\r\nHost: web\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    for (let round = 0; round < 3; round += 1) {
      const response = await client.send(post).response();
      expect([response.field("x-length"), response.body === body]).toEqual(["300000", true]);
    }
    expect(origin.connections).toHaveLength(1);
  });

  test.each([
    [
      makeCertificate({ issuer: AUTHORITY, names: ["DNS:other.example"] }),
      502,
      "tls_certificate_error",
      "The endpoint's certificate is for another name\n",
    ],
    [
      makeCertificate({ issuer: makeAuthority("other"), names: ["IP:127.0.0.1"] }),
      502,
      "tls_certificate_error",
      "The endpoint's certificate does not come from an authority that the service trusts\n",
    ],
    [
      makeCertificate({ issuer: AUTHORITY, notAfter: new Date(Date.now() - 1_000) }),
      502,
      "tls_certificate_error",
      "The endpoint's certificate has expired\n",
    ],
  ])("tells what is wrong with a certificate (%#)", async ({ chainPem, keyPem }, ...told) => {
    const { client, origin } = await encrypted({ cert: chainPem, key: keyPem });
    const { status, body, field } = await client.send(GET).response();
    expect([status, field("proxy-status")?.replace("sluice; error=", ""), body]).toEqual(told);
    expect(origin.requests).toEqual([]);
  });

  test.each([["TLSv1.2"], ["TLSv1.3"]] as const)(
    "tells that an endpoint does not take our certificate, in %s",
    async (maxVersion) => {
      const mutual = { requestCert: true, rejectUnauthorized: true, ca: AUTHORITY.certPem };
      const { client, origin } = await encrypted({ ...mutual, maxVersion });
      const { status, field } = await client.send(GET).response();
      expect([status, origin.requests]).toEqual([502, []]);
      // In TLS 1.3 a request may be on its way by then: a reset can destroy the alert.
      const told = maxVersion === "TLSv1.2" ? /tls_alert/ : /tls_alert|connection_terminated/;
      expect(field("proxy-status")).toMatch(told);
    },
  );

  test("fails while a certificate is missing, never in clear, until it is there", async () => {
    const { client, bed, origin } = await encrypted({}, { cert: "/new.pem", key: "/new.key" });
    const first = await client.send(GET).response();
    expect([first.status, first.field("proxy-status")]).toEqual([
      503,
      "sluice; error=proxy_configuration_error",
    ]);
    const identities = [{ ...MATERIAL.identities[0], id: "file:/new.pem" }];
    bed.deps.contexts.replace({
      ...MATERIAL,
      identities: identities as typeof MATERIAL.identities,
    });
    bed.deps.services.followTls();
    expect((await client.send(GET).response()).status).toBe(200);
    expect(origin.connections.map(({ socket }) => (socket as TLSSocket).encrypted)).toEqual([true]);
  });

  test("passes a body on whose end is close_notify", async () => {
    const { client, origin } = await encrypted();
    origin.onRequest = (connection) => {
      connection.send("HTTP/1.1 200 OK\r\n\r\nall of it").socket.end();
    };
    expect((await client.send(GET).response()).body).toBe("all of it");
    expect(client.fate).not.toBe("reset");
  });

  test("resets the client when such a body ends with a FIN, which anybody can send", async () => {
    const cuts: (() => void)[] = [];
    const { client, origin } = await encrypted({}, {}, (port) => cutting(port, cuts));
    origin.onRequest = answer("HTTP/1.1 200 OK\r\n\r\nhalf of it");
    await client.send(GET).until("half of it");
    for (const cut of cuts) cut();
    expect(await client.ended()).toBe("reset");
    expect(client.text).not.toContain("0\r\n\r\n");
  });

  test("takes a FIN for what it is behind a body of known length", async () => {
    const cuts: (() => void)[] = [];
    const { client, origin } = await encrypted({}, {}, (port) => cutting(port, cuts));
    origin.onRequest = answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole");
    expect((await client.send(GET).response()).body).toBe("whole");
    for (const cut of cuts) cut();
    await eventually(() => expect(origin.lastConnection.fate).not.toBe("open"));
    expect((await client.send(GET).response()).body).toBe("whole");
  });
});
