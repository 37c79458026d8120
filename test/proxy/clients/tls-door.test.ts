import { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { describe, expect, test } from "vitest";
import type { TlsMaterial } from "../../../proxy/table/tls.ts";
import { makeAuthority, makeCertificate } from "../../support/certificates.ts";
import { eventually } from "../../support/eventually.ts";
import type { RawSocket } from "../../support/raw-socket.ts";
import {
  AUTHORITY,
  CLIENT,
  CLIENT_OPTIONS,
  fieldOf,
  get,
  MATERIAL,
  MUTUAL,
  openPlain,
  openTls,
  rejected,
  serving,
} from "./tls-door-fixture.ts";

describe("TlsDoor", () => {
  test("lets clients in, whose requests say https and nothing of a certificate", async () => {
    const { bed, port } = await serving();
    const client = await openTls(port);
    const forged = ["X-Forwarded-Proto: http", "X-Forwarded-Client-Cert: Hash=1"];
    expect((await client.send(get("web", ...forged)).response()).status).toBe(200);
    expect(fieldOf(bed, "X-Forwarded-Proto")).toEqual(["https"]);
    expect(fieldOf(bed, "X-Forwarded-Client-Cert")).toEqual([]);
    expect([bed.deps.connections.size, bed.deps.connections.shaking]).toEqual([1, 0]);
    expect(rejected(bed)).toEqual({});
  });

  test("says who a verified client is, as Envoy does, and believes nobody else", async () => {
    const { bed, port } = await serving(MUTUAL, { trustedPeers: ["127.0.0.0/8"] });
    const client = await openTls(port, CLIENT_OPTIONS);
    await client.send(get("web", "X-Forwarded-Client-Cert: Hash=forged")).response();
    const hash = new X509Certificate(CLIENT.der).fingerprint256.replaceAll(":", "").toLowerCase();
    expect(fieldOf(bed, "X-Forwarded-Client-Cert")).toEqual([
      `By=spiffe://mesh/shop;Hash=${hash};URI="spiffe://mesh/a,b";DNS=client.example`,
    ]);
  });

  test.each([
    ["off", "require", true],
    ["set", "request", false],
  ] as const)(
    "says nothing with forwardClientCert %s, clientCert %s and a certificate: %s",
    async (forwardClientCert, clientCert, hasCertificate) => {
      const { bed, port } = await serving({ ...MUTUAL, forwardClientCert, clientCert });
      const client = await openTls(port, hasCertificate ? CLIENT_OPTIONS : {});
      expect((await client.send(get()).response()).status).toBe(200);
      expect(fieldOf(bed, "X-Forwarded-Client-Cert")).toEqual([]);
    },
  );

  test.each([
    ["tls-certificate-missing", "require", undefined],
    ["tls-certificate-untrusted", "require", makeCertificate({})],
    ["tls-certificate-untrusted", "request", makeCertificate({ issuer: makeAuthority("else") })],
    [
      "tls-certificate-expired",
      "request",
      makeCertificate({ issuer: AUTHORITY, notAfter: new Date(Date.now() - 1_000) }),
    ],
    ["tls-certificate-invalid", "request", makeCertificate({ issuer: AUTHORITY, usage: "server" })],
    [
      "tls-certificate-invalid",
      "require",
      makeCertificate({ issuer: AUTHORITY, notBefore: new Date(Date.now() + 60_000) }),
    ],
  ] as const)("counts %s at clientCert %s", async (reason, clientCert, certificate) => {
    const { bed, port } = await serving({ ...MUTUAL, clientCert });
    const options =
      certificate === undefined ? {} : { cert: certificate.chainPem, key: certificate.keyPem };
    // In TLS 1.3 a client is through before it is judged.
    const client = await openTls(port, options);
    client.send(get());
    await client.ended();
    await eventually(() => expect(rejected(bed)).toEqual({ [reason]: 1 }));
    expect(client.text).toBe("");
    expect([bed.deps.connections.isEmpty, bed.origin.requests]).toEqual([true, []]);
  });

  test("judges a client again when it resumes its session", async () => {
    const { bed, port, clock } = await serving(MUTUAL);
    const notAfter = new Date(Date.now() + 3_600_000);
    const brief = makeCertificate({ issuer: AUTHORITY, notAfter });
    const options = { cert: brief.chainPem, key: brief.keyPem };
    const client = await openTls(port, options);
    const session = new Promise<Buffer>((resolve) =>
      (client.socket as TLSSocket).once("session", resolve),
    );
    expect((await client.send(get()).response()).status).toBe(200);
    const again = await openTls(port, { ...options, session: await session });
    expect((await again.send(get()).response()).status).toBe(200);
    expect((again.socket as TLSSocket).isSessionReused()).toBe(true);
    clock.aheadMs = 3_601_000;
    const late = await openTls(port, { ...options, session: await session });
    await late.ended();
    await eventually(() => expect(rejected(bed)).toEqual({ "tls-certificate-expired": 1 }));
  });

  test("has clients judged by intentions if its listener says so, the nameless too", async () => {
    for (const options of [CLIENT_OPTIONS, {}]) {
      const { bed, port } = await serving({ ...MUTUAL, clientCert: "request", intentions: true });
      const client = await openTls(port, options);
      expect((await client.send(get()).response()).status).toBe(403);
      expect(rejected(bed)).toEqual({ "intention-denied": 1 });
    }
  });

  test("takes whoever names h2 alone in the mesh, as Consul's own proxy does", async () => {
    const { port } = await serving({ ...MUTUAL, intentions: true });
    const client = await openTls(port, { ...CLIENT_OPTIONS, ALPNProtocols: ["h2"] });
    expect((client.socket as TLSSocket).alpnProtocol).toBe(false);
    expect((await client.send(get()).response()).status).toBe(403);
  });

  test("lets nobody of the mesh in once its own certificate has ended", async () => {
    const { bed, port, clock } = await serving({ ...MUTUAL, intentions: true });
    clock.aheadMs = 366 * 86_400_000;
    const client = await openTls(port, CLIENT_OPTIONS);
    await client.ended();
    await eventually(() => expect(rejected(bed)).toEqual({ "tls-certificate-expired": 1 }));
  });

  test("resumes no session over the end of its own certificate", async () => {
    const { bed, port, clock } = await serving();
    const client = await openTls(port);
    const session = await new Promise<Buffer>((resolve) =>
      (client.socket as TLSSocket).once("session", resolve),
    );
    clock.aheadMs = 366 * 86_400_000;
    const late = await openTls(port, { session });
    await late.ended();
    await eventually(() => expect(rejected(bed)).toEqual({ "tls-certificate-expired": 1 }));
    // Who is shown it must judge for itself.
    expect((await (await openTls(port)).send(get()).response()).status).toBe(200);
  });

  test.each([
    ["tls-plain-http", (client: RawSocket) => client.send(get())],
    ["tls-invalid", (client: RawSocket) => client.send("\x16\x03\x01\0\x04nonsense")],
    ["tls-aborted", (client: RawSocket) => client.send("\x16\x03\x01").finish()],
    ["tls-aborted", (client: RawSocket) => client.reset()],
  ] as const)("counts %s", async (reason, act) => {
    const { bed, port } = await serving();
    const client = await openPlain(port);
    await eventually(() => expect(bed.deps.connections.shaking).toBe(1));
    act(client);
    await eventually(() => expect(rejected(bed)).toEqual({ [reason]: 1 }));
    expect(bed.deps.connections.isEmpty).toBe(true);
  });

  test.each([
    ["tls-alpn", { ALPNProtocols: ["h3"] }],
    ["tls-version", { maxVersion: "TLSv1.2" }],
  ] as const)("counts %s of a client with %j", async (reason, options) => {
    const { bed, port } = await serving({ minVersion: "1.3" });
    await openTls(port, options).catch(() => undefined);
    await eventually(() => expect(rejected(bed)).toEqual({ [reason]: 1 }));
  });

  test("tells in clear who speaks HTTP in clear", async () => {
    const { port } = await serving();
    const client = await openPlain(port);
    const { status, body } = await client.send(get()).response();
    expect([status, body]).toEqual([400, "This port speaks TLS: use https://\n"]);
    expect(await client.ended()).toBe("fin");
  });

  test("gives a handshake 10 s", async () => {
    const { bed, port } = await serving();
    const client = await openPlain(port);
    client.send("\x16\x03\x01");
    await eventually(() => expect(bed.deps.connections.shaking).toBe(1));
    bed.time.advance(9_000);
    expect(bed.deps.connections.shaking).toBe(1);
    bed.time.advance(1_500);
    await client.ended();
    await eventually(() => expect(rejected(bed)).toEqual({ "tls-timeout": 1 }));
    expect(bed.deps.connections.isEmpty).toBe(true);
  });

  test("closes whoever comes above handshakesMax, and only those", async () => {
    const { bed, port } = await serving({ handshakesMax: 2 });
    const slow = [await openPlain(port), await openPlain(port)];
    await eventually(() => expect(bed.deps.connections.shaking).toBe(2));
    await (await openPlain(port)).ended();
    expect(rejected(bed)).toEqual({ "tls-handshakes-full": 1 });
    slow[0]?.close();
    await eventually(() => expect(bed.deps.connections.shaking).toBe(1));
    expect((await (await openTls(port)).send(get()).response()).status).toBe(200);
  });

  test("closes whoever comes above connectionsMax, those who shake hands counted", async () => {
    const { bed, port } = await serving({}, { connectionsMax: 2 });
    await (await openTls(port)).send(get()).response();
    await openPlain(port);
    await eventually(() => expect(bed.deps.connections.shaking).toBe(1));
    const third = await openPlain(port);
    await third.ended();
    expect([third.text, rejected(bed)]).toEqual(["", { "too-many-connections": 1 }]);
    expect(bed.deps.localReplies.stats()).toEqual([]);
  });

  test("serves nobody while it lacks a certificate, nor in clear", async () => {
    const { bed, port } = await serving({ identities: ["shop", "gone"] });
    const client = await openPlain(port);
    await client.send(get()).ended();
    expect([client.text, rejected(bed)]).toEqual(["", { "tls-unconfigured": 1 }]);
    const gone = { identities: [{ ...MATERIAL.identities[0], id: "gone" }] };
    bed.deps.contexts.replace({
      ...MATERIAL,
      identities: [...MATERIAL.identities, ...gone.identities] as TlsMaterial["identities"],
    });
    expect((await (await openTls(port)).send(get()).response()).status).toBe(200);
  });

  test.each([
    ["shop.example", "shop.example", 200],
    ["shop.example", "other.example", 421],
    ["other.example", "other.example", 200],
    ["other.example", "shop.example:8443", 421],
    ["other.example", "unknown.example", 421],
    ["", "unknown.example", 200],
    ["", "other.example", 421],
    ["unknown.example", "SHOP.example", 200],
  ])("with SNI %j answers a request for %s with %i", async (servername, host, status) => {
    const { bed, port } = await serving({ identities: ["shop", "other"] });
    const client = await openTls(port, { servername });
    expect((await client.send(get(host)).response()).status).toBe(status);
    expect(rejected(bed)).toEqual(status === 421 ? { "host-misdirected": 1 } : {});
  });

  test("takes any Host where there is one certificate", async () => {
    const { port } = await serving();
    const client = await openTls(port, { servername: "shop.example" });
    expect((await client.send(get("unknown.example")).response()).status).toBe(200);
  });

  test("gives affinity cookies that never leave the client in clear", async () => {
    const affinity = { cookie: "sid", set: true };
    const { port } = await serving({}, {}, { affinity });
    const response = await (await openTls(port)).send(get()).response();
    expect(response.field("set-cookie")).toMatch(/; HttpOnly; Secure; SameSite=Lax$/);
  });
});
