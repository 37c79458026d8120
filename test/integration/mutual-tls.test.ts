import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeAuthority, makeCertificate } from "../support/certificates.ts";
import type { TestCertificate } from "../support/certificates.ts";
import { eventually } from "../support/eventually.ts";
import { KeptConnection } from "../support/kept-connection.ts";
import { RawOrigin } from "../support/origin.ts";
import { startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";

/*
 * Goal: with TLS in and mutual TLS out, nobody is reached who is not who they should be, and
 * nothing goes out in clear. Method: a real sidecar, a service for each way to be wrong, and
 * origins that want our certificate.
 */

const SAN = "spiffe://mesh/web";

const root = makeAuthority("mesh");
const yesterday = new Date(Date.now() - 60_000);
const right = makeCertificate({ issuer: root, names: [`URI:${SAN}`] });
const expired = makeCertificate({ issuer: root, names: [`URI:${SAN}`], notAfter: yesterday });
const foreign = makeCertificate({ issuer: makeAuthority("other"), names: [`URI:${SAN}`] });
/** By a root that calls itself as ours does. */
const forged = makeCertificate({ issuer: makeAuthority("mesh"), names: [`URI:${SAN}`] });

let origins: Record<"right" | "expired" | "foreign" | "forged" | "clear", RawOrigin>;
let sidecar: TestSidecar;
let client: KeptConnection;

function startOrigin({ chainPem, keyPem }: TestCertificate): Promise<RawOrigin> {
  const mutual = { requestCert: true, rejectUnauthorized: true, ca: root.certPem };
  return RawOrigin.startTls({ cert: chainPem, key: keyPem, ...mutual });
}

/** Puts a certificate where the configuration names it. */
async function put(folder: string, name: string, made: TestCertificate): Promise<void> {
  for (const [end, text] of [
    ["key", made.keyPem],
    ["pem", made.chainPem],
  ] as const) {
    const path = join(folder, `${name}.${end}`);
    await writeFile(`${path}.new`, text, { mode: 0o600 });
    await rename(`${path}.new`, path);
  }
}

function serviceAt({ address }: RawOrigin, tls: object = {}): object {
  const ours = { ca: "root.pem", cert: "us.pem", key: "us.key", sans: [SAN], ...tls };
  return { upstream: { tls: ours }, versions: { v1: { endpoints: [address] } } };
}

beforeAll(async () => {
  origins = {
    right: await startOrigin(right),
    expired: await startOrigin(expired),
    foreign: await startOrigin(foreign),
    forged: await startOrigin(forged),
    clear: await RawOrigin.start(),
  };
  // As servers of HTTP do with a client's hello.
  origins.clear.onConnection = (connection) => {
    connection.socket.once("data", () => connection.send("HTTP/1.1 400 Bad Request\r\n\r\n"));
  };
  const config = {
    listeners: [
      { bind: "127.0.0.1:0", tls: { certificates: [{ cert: "door.pem", key: "door.key" }] } },
    ],
    services: {
      web: serviceAt(origins.right),
      "wrong-san": serviceAt(origins.right, { sans: ["spiffe://mesh/other"] }),
      // Its name alone does not do: the certificate has only a URI.
      "wrong-name": serviceAt(origins.right, { sans: [], serverName: "web" }),
      anonymous: serviceAt(origins.right, { cert: undefined, key: undefined }),
      expired: serviceAt(origins.expired),
      foreign: serviceAt(origins.foreign),
      forged: serviceAt(origins.forged),
      clear: serviceAt(origins.clear),
    },
  };
  sidecar = await startSidecar(config, {}, undefined, async (folder) => {
    await put(folder, "root", root);
    await put(folder, "us", makeCertificate({ issuer: root, subject: "first" }));
    await put(folder, "door", makeCertificate({ issuer: root, names: ["DNS:web"] }));
  });
  const tls = { ca: root.certPem, rejectUnauthorized: true, servername: "web" };
  client = await KeptConnection.open(sidecar.ports[0] ?? 0, "127.0.0.1", tls);
}, 60_000);
afterAll(async () => {
  client.close();
  await sidecar.stop();
  for (const origin of Object.values(origins)) origin[Symbol.dispose]();
});

/** The name of the client that the origin saw on each of its open connections. */
function clientsSeen(): readonly unknown[] {
  return origins.right.connections
    .filter(({ fate }) => fate === "open")
    .map(({ socket }) => (socket as TLSSocket).getPeerCertificate().subject.CN);
}

test.each([
  ["wrong-san", /tls_certificate_error/, "endpoint's certificate is for another name"],
  ["wrong-name", /tls_certificate_error/, "endpoint's certificate is for another name"],
  ["expired", /tls_certificate_error/, "endpoint's certificate has expired"],
  ["foreign", /tls_certificate_error/, "not come from an authority that the service trusts"],
  ["forged", /tls_certificate_error/, "endpoint's certificate is not valid"],
  ["clear", /tls_protocol_error/, "TLS"],
  // In TLS 1.3 the request may be on its way by then, and a reset can destroy the alert.
  ["anonymous", /tls_alert_received|connection_terminated/, ""],
])("an endpoint that is %s gets no request, and the client is told", async (host, error, text) => {
  const { status, head, body } = await client.get(host);
  expect([status, body]).toEqual([502, expect.stringContaining(text)]);
  expect(head).toMatch(new RegExp(`\r\nProxy-Status: sluice; error=(${error.source})`, "i"));
  for (const origin of Object.values(origins)) expect(origin.requests).toEqual([]);
  for (const { received } of origins.clear.connections) expect(received).not.toContain("HTTP");
});

test("the right endpoint is reached by TLS, and a new certificate empties its pool", async () => {
  for (let asked = 0; asked < 3; asked += 1) {
    expect(await client.get("web")).toMatchObject({ status: 200, body: "ok" });
  }
  await eventually(() => expect(clientsSeen()).toEqual(["first"]));
  await put(sidecar.folder, "us", makeCertificate({ issuer: root, subject: "second" }));
  const { status } = await sidecar.call("POST", "/v1/certificates/reload");
  expect(status).toBe(200);
  // What was kept is closed before anybody asks.
  await eventually(() => expect(clientsSeen()).toEqual([]));
  expect(await client.get("web")).toMatchObject({ status: 200, body: "ok" });
  expect(clientsSeen()).toEqual(["second"]);
});
