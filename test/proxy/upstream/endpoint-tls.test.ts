import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import type { TLSSocket, TlsOptions } from "node:tls";
import { describe, expect, onTestFinished, test } from "vitest";
import type { TlsMaterial, UpstreamTls } from "../../../proxy/table/tls.ts";
import { TlsContexts } from "../../../proxy/transport/tls-contexts.ts";
import type { VersionPool } from "../../../proxy/upstream/version-pool.ts";
import {
  makeAuthority,
  makeCertificate,
  makeChain,
  manyNames,
} from "../../support/certificates.ts";
import type { CertificateWish, TestCertificate } from "../../support/certificates.ts";
import { eventually } from "../../support/eventually.ts";
import { RawOrigin } from "../../support/origin.ts";
import {
  endpointSnapshot,
  poolDeps,
  poolPolicy,
  RecordingUser,
  versionPool,
  versionSnapshot,
} from "./pool-fixture.ts";

/*
 * Goal: a connection to an endpoint is there only if the endpoint is who it should be, and only as
 * long as what it was made with holds. Method: real origins that show certificates of our making.
 */

const AUTHORITY = makeAuthority();
const HERE = serverCertificate({ names: ["IP:127.0.0.1"] });
const OURS = makeCertificate({ issuer: AUTHORITY, names: ["URI:spiffe://mesh/us"] });
const TLS: UpstreamTls = {
  trust: "ca:mesh",
  identity: undefined,
  serverName: undefined,
  sans: [],
  insecure: false,
};
const MATERIAL: TlsMaterial = {
  identities: [{ id: "file:us", certPem: OURS.chainPem, keyPem: OURS.keyPem, names: [] }],
  trusts: [{ id: "ca:mesh", pem: AUTHORITY.certPem }],
  ticketKeys: [],
};

function serverCertificate(wish: CertificateWish): TestCertificate {
  return makeCertificate({ issuer: AUTHORITY, ...wish });
}

function showing({ chainPem, keyPem }: TestCertificate, more: TlsOptions = {}): TlsOptions {
  return { cert: chainPem, key: keyPem, ...more };
}

async function originWith(options: TlsOptions): Promise<RawOrigin> {
  const origin = await RawOrigin.startTls(options);
  onTestFinished(() => origin[Symbol.dispose]());
  return origin;
}

type Bed = { readonly pool: VersionPool; readonly contexts: TlsContexts };

function poolOf(address: string, tls: Partial<UpstreamTls> = {}, endpoint = {}): Bed {
  const contexts = new TlsContexts();
  contexts.replace(MATERIAL);
  const deps = poolDeps({ contexts });
  const policy = poolPolicy({}, { upstreamTls: { ...TLS, ...tls } });
  return { contexts, pool: versionPool([endpointSnapshot(address, endpoint)], policy, deps) };
}

/** How a connection to the origin ends: `ready`, or why not. */
async function outcome({ pool }: Bed): Promise<string | undefined> {
  const user = new RecordingUser(pool);
  user.acquire();
  await eventually(() => expect(user.told).toHaveLength(1));
  return user.told[0];
}

const PAST = new Date(Date.now() - 1_000);
const COMING = new Date(Date.now() + 60_000);

test.each([
  ["ready", HERE, {}, {}],
  ["failed tlsWrongName", serverCertificate({ names: ["IP:127.0.0.2"] }), {}, {}],
  ["failed tlsExpired", serverCertificate({ names: ["IP:127.0.0.1"], notAfter: PAST }), {}, {}],
  ["failed tlsInvalid", serverCertificate({ names: ["IP:127.0.0.1"], notBefore: COMING }), {}, {}],
  ["failed tlsInvalid", serverCertificate({ names: ["IP:127.0.0.1"], usage: "client" }), {}, {}],
  ["failed tlsUntrusted", makeCertificate({ names: ["IP:127.0.0.1"] }), {}, {}],
  [
    "failed tlsUntrusted",
    makeCertificate({ names: ["IP:127.0.0.1"], issuer: makeAuthority("another") }),
    {},
    {},
  ],
  ["ready", makeChain(10, AUTHORITY, { names: ["IP:127.0.0.1"] }), {}, {}],
  ["failed tlsTooLong", makeChain(11, AUTHORITY, { names: ["IP:127.0.0.1"] }), {}, {}],
  [
    "failed tlsTooLong",
    serverCertificate({ names: ["IP:127.0.0.1", ...manyNames(40 * 1024)] }),
    {},
    {},
  ],
  ["ready", makeCertificate({ notAfter: PAST }), { insecure: true }, {}],
  ["failed tlsUnconfigured", HERE, { trust: "ca:gone" }, {}],
  ["failed tlsUnconfigured", HERE, { identity: "file:gone" }, {}],
  ["ready", serverCertificate({ names: ["DNS:web.example"] }), { serverName: "web.example" }, {}],
  ["ready", serverCertificate({ names: ["DNS:web.example"] }), {}, { host: "web.example" }],
  ["ready", serverCertificate({ names: ["URI:spiffe://m/a"] }), { sans: ["spiffe://m/a"] }, {}],
  ["failed tlsWrongName", HERE, { sans: ["spiffe://m/a"] }, {}],
  ["failed tlsWrongName", HERE, {}, { san: "spiffe://m/a" }],
] as const)("EndpointTls.dial() is %s (%#)", async (told, certificate, tls, endpoint) => {
  const origin = await originWith(showing(certificate));
  expect(await outcome(poolOf(origin.address, tls, endpoint))).toBe(told);
});

describe("EndpointTls.dial()", () => {
  test("sends the name as SNI, but no address, and offers HTTP/1.1", async () => {
    const origin = await originWith(showing(HERE, { ALPNProtocols: ["h2", "http/1.1"] }));
    for (const tls of [{ serverName: "web.example", sans: ["x.example"] }, {}]) {
      await outcome(poolOf(origin.address, tls));
    }
    await eventually(() => expect(origin.connections).toHaveLength(2));
    const shown = origin.connections.map(
      ({ socket }) => socket as TLSSocket & { servername: unknown },
    );
    expect(shown.map(({ servername, alpnProtocol }) => [servername, alpnProtocol])).toEqual([
      ["web.example", "http/1.1"],
      [false, "http/1.1"],
    ]);
  });

  test("offers nothing in a mesh, where servers may know h2 alone", async () => {
    const certificate = serverCertificate({ names: ["URI:spiffe://m/a"] });
    const origin = await originWith(showing(certificate, { ALPNProtocols: ["h2"] }));
    expect(await outcome(poolOf(origin.address, {}, { san: "spiffe://m/a" }))).toBe("ready");
    const { socket } = await eventually(() => origin.lastConnection);
    expect((socket as TLSSocket).alpnProtocol).toBe(false);
  });

  test("resumes no session with somebody else at the same address", async () => {
    const certificate = serverCertificate({ names: ["URI:spiffe://m/a"] });
    const { address } = await originWith(showing(certificate));
    const bed = poolOf(address, {}, { san: "spiffe://m/a" });
    expect(await outcome(bed)).toBe("ready");
    await eventually(() => expect(bed.pool.endpoints.get(address)?.session).toBeDefined());
    const other = versionSnapshot(endpointSnapshot(address, { san: "spiffe://m/b" }));
    bed.pool.update(other, poolPolicy({}, { upstreamTls: TLS }));
    expect(await outcome(bed)).toBe("failed tlsWrongName");
  });

  test("shows our certificate, and tells an endpoint that does not take it", async () => {
    const mutual: TlsOptions = { requestCert: true, ca: AUTHORITY.certPem, maxVersion: "TLSv1.2" };
    const origin = await originWith(showing(HERE, mutual));
    expect(await outcome(poolOf(origin.address, { identity: "file:us" }))).toBe("ready");
    const { socket } = origin.lastConnection;
    expect((socket as TLSSocket).getPeerX509Certificate()?.raw).toEqual(OURS.der);
    const picky = await originWith(showing(HERE, { ALPNProtocols: ["h2"], maxVersion: "TLSv1.2" }));
    expect(await outcome(poolOf(picky.address))).toBe("failed tlsAlert");
  });

  test("says of plain HTTP that it is no TLS, and waits no longer for silence", async () => {
    const talking = createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    const silent = createServer(() => undefined);
    const told: (string | undefined)[] = [];
    for (const server of [talking, silent]) {
      await once(server.listen(0, "127.0.0.1"), "listening");
      onTestFinished(() => void server.close());
      const { pool } = poolOf(`127.0.0.1:${(server.address() as AddressInfo).port}`);
      const user = new RecordingUser(pool);
      user.acquire(undefined, 200);
      await eventually(() => expect(user.told).toHaveLength(1));
      told.push(user.told[0]);
    }
    expect(told).toEqual(["failed tlsProtocol", "failed timeout"]);
  });

  test.each(["TLSv1.2", "TLSv1.3"] as const)(
    "resumes the last session, in %s",
    async (maxVersion) => {
      const origin = await originWith(showing(HERE, { maxVersion }));
      const bed = poolOf(origin.address);
      const [endpoint] = [...bed.pool.endpoints.values()];
      for (const [index, reused] of [false, true, true].entries()) {
        expect(await outcome(bed)).toBe("ready");
        await eventually(() => expect(endpoint?.session).toBeDefined());
        // Where a session is resumed, the client has shaken hands first.
        await eventually(() => expect(origin.connections).toHaveLength(index + 1));
        const { socket } = origin.lastConnection;
        expect((socket as TLSSocket).isSessionReused()).toBe(reused);
      }
      // Who was somebody else then is not asked again: that is no way around a new demand.
      const policy = poolPolicy({}, { upstreamTls: { ...TLS, sans: ["spiffe://mesh/web"] } });
      bed.pool.update(versionSnapshot(origin.address), policy);
      expect(await outcome(bed)).toBe("failed tlsWrongName");
      expect(endpoint?.session).toBe(undefined);
    },
  );
});

describe("EndpointTls.follow()", () => {
  test("leaves connections alone while nothing of theirs changes", async () => {
    const origin = await originWith(showing(HERE));
    const { pool, contexts } = poolOf(origin.address, { identity: "file:us" });
    const user = new RecordingUser(pool);
    const connection = await user.open();
    user.release();
    contexts.replace({
      ...MATERIAL,
      trusts: [...MATERIAL.trusts, { id: "ca:x", pem: HERE.certPem }],
    });
    pool.followTls();
    pool.update(
      versionSnapshot(origin.address),
      poolPolicy({}, { upstreamTls: { ...TLS, identity: "file:us", sans: [] } }),
    );
    expect(user.acquire()).toBe("kept");
    expect(user.connection).toBe(connection);
  });

  test.each([
    ["our certificate", { identities: [{ ...MATERIAL.identities[0], ...rebuilt() }] }],
    ["the roots", { trusts: [{ id: "ca:mesh", pem: AUTHORITY.certPem + HERE.certPem }] }],
  ] as const)("keeps no connection that was made with another %s", async (_, change) => {
    const origin = await originWith(showing(HERE));
    const { pool, contexts } = poolOf(origin.address, { identity: "file:us" });
    const [idle, busy] = [new RecordingUser(pool), new RecordingUser(pool)];
    await idle.open();
    await busy.open();
    idle.release();
    contexts.replace({ ...MATERIAL, ...(change as Partial<TlsMaterial>) });
    pool.followTls();
    await eventually(() => expect(pool.connections).toBe(1));
    // What is under way ends as it began, and serves nobody after that.
    expect(busy.told).toEqual(["ready"]);
    busy.release();
    await eventually(() => expect(pool.connections).toBe(0));
    expect(idle.acquire()).toBe("connecting");
  });

  test("keeps no connection in clear when the service's become encrypted", async () => {
    const origin = await RawOrigin.start();
    onTestFinished(() => origin[Symbol.dispose]());
    const contexts = new TlsContexts();
    contexts.replace(MATERIAL);
    const pool = versionPool([origin.address], poolPolicy(), poolDeps({ contexts }));
    const user = new RecordingUser(pool);
    await user.open();
    user.release();
    pool.update(versionSnapshot(origin.address), poolPolicy({}, { upstreamTls: TLS }));
    await eventually(() => expect(pool.connections).toBe(0));
    // It waits for a request in clear.
    user.acquire(undefined, 200);
    await eventually(() => expect(user.told.at(-1)).toBe("failed timeout"));
  });
});

function rebuilt(): { certPem: string; keyPem: string } {
  const { chainPem: certPem, keyPem } = makeCertificate({ issuer: AUTHORITY });
  return { certPem, keyPem };
}
