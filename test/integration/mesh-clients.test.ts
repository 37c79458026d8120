import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeAuthority, makeCertificate, makeChain } from "../support/certificates.ts";
import type { CertificateWish, TestCertificate } from "../support/certificates.ts";
import { CONSUL_AUTHORITY, CONSUL_LEAF, CONSUL_ROOTS } from "../support/connect-answers.ts";
import { eventually } from "../support/eventually.ts";
import { FakeConsul } from "../support/fake-consul.ts";
import { RawOrigin } from "../support/origin.ts";
import { RawSocket } from "../support/raw-socket.ts";
import { startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";
import { shaking } from "../support/wrong-handshake.ts";

/*
 * Goal: at a listener of Consul's mesh nobody gets a request through but whoever has a certificate
 * of the mesh with one name in it, that of a service that may come. Method: a real sidecar whose
 * agent is ours, so that the mesh's authority signs whatever we like; each row in TLS 1.2 and 1.3.
 */

const DOMAIN = CONSUL_ROOTS.TrustDomain;
const FRONT = idOf("front");
const DAY_MS = 86_400_000;
const VERSIONS = ["TLSv1.2", "TLSv1.3"] as const;

/** What Consul calls an intention that allows. */
const FRONT_MAY = {
  SourceName: "front",
  SourceNS: "default",
  SourceType: "consul",
  DestinationName: "web",
  DestinationNS: "default",
  Action: "allow",
  Precedence: 9,
};

let consul: FakeConsul;
let origin: RawOrigin;
let sidecar: TestSidecar;

function idOf(service: string, domain = DOMAIN): string {
  return `spiffe://${domain}/ns/default/dc/dc1/svc/${service}`;
}

/** A certificate of the mesh, by default that of `front`. */
function signed(wish: CertificateWish = {}): TestCertificate {
  return makeCertificate({ issuer: CONSUL_AUTHORITY, names: [`URI:${FRONT}`], ...wish });
}

/** Who may come. */
const GOOD = signed();

/** One of another authority that says it is `front`. */
function foreign(issuer?: TestCertificate): TestCertificate {
  return makeCertificate({ names: [`URI:${FRONT}`], ...(issuer && { issuer }) });
}

beforeAll(async () => {
  [consul, origin] = await Promise.all([FakeConsul.start(), RawOrigin.start()]);
  consul.answers.set("agent/connect/ca/leaf/web", CONSUL_LEAF);
  consul.answers.set("agent/connect/ca/roots", CONSUL_ROOTS);
  consul.answers.set("connect/intentions", [FRONT_MAY]);
  consul.answers.set("connect/intentions/match", { web: [FRONT_MAY] });
  consul.answers.set("connect/intentions/check", { Allowed: false });
  sidecar = await startSidecar({
    listeners: [{ bind: "127.0.0.1:0", service: "web", tls: "connect" }],
    consul: { address: consul.address, copies: false, connect: { service: "web" } },
    services: { web: { versions: { v1: { endpoints: [origin.address] } } } },
  });
  await eventually(async () => expect(await statusFor(GOOD)).toBe(200));
}, 60_000);
afterAll(async () => {
  await sidecar.stop();
  origin[Symbol.dispose]();
  await consul[Symbol.asyncDispose]();
});

function door(): { readonly host: string; readonly port: number } {
  return { host: "127.0.0.1", port: sidecar.ports[0] ?? 0 };
}

/** The status that one request gets with this certificate. */
async function statusFor(
  { chainPem: cert, keyPem: key }: TestCertificate,
  maxVersion: (typeof VERSIONS)[number] = "TLSv1.3",
): Promise<number> {
  const client = await RawSocket.openTls(door(), { cert, key, maxVersion });
  const { status } = await client.send("GET / HTTP/1.1\r\nHost: web\r\n\r\n").response();
  client.close();
  return status;
}

/** sluice_rejected_total of a reason. */
async function counted(reason: string): Promise<number> {
  const text = await (await sidecar.call("GET", "/metrics")).text();
  return Number(new RegExp(`_rejected_total\\{reason="${reason}"\\} (\\d+)`).exec(text)?.[1] ?? 0);
}

describe.each(VERSIONS)("A client in %s", (maxVersion) => {
  test.each([
    ["no certificate", () => undefined, "missing"],
    ["one that it has signed itself", () => foreign(), "untrusted"],
    ["one of another mesh", () => foreign(makeAuthority("other mesh")), "untrusted"],
    [
      "one of another authority of the same name",
      () => foreign(makeAuthority(CONSUL_AUTHORITY.subject)),
      "invalid",
    ],
    ["one that is over", () => signed({ notAfter: new Date(Date.now() - 1_000) }), "expired"],
    ["one of tomorrow", () => signed({ notBefore: new Date(Date.now() + DAY_MS) }), "invalid"],
    ["one for servers only", () => signed({ usage: "server" }), "invalid"],
    ["an authority's", () => makeAuthority(FRONT, { issuer: CONSUL_AUTHORITY }), "invalid"],
    [
      "11 of the mesh",
      () => makeChain(11, CONSUL_AUTHORITY, { names: [`URI:${FRONT}`] }),
      "too-long",
    ],
  ])("with %s is no client", async (_name, make, found) => {
    const reason = `tls-certificate-${found}`;
    const before = [await counted(reason), origin.requests.length];
    const { chainPem: cert, keyPem: key } = make() ?? {};
    await shaking({ maxVersion, ...(cert !== undefined && { cert, key }) })(door());
    await eventually(async () => expect(await counted(reason)).toBe((before[0] ?? 0) + 1));
    expect(origin.requests.length).toBe(before[1]);
    expect(await statusFor(GOOD, maxVersion)).toBe(200);
  });

  test.each([
    ["no name", { names: [], subject: FRONT }],
    ["the right common name and a host name", { names: ["DNS:front"], subject: "front" }],
    ["its id as a host name", { names: [`DNS:${FRONT}`] }],
    ["another service's id", { names: [`URI:${idOf("batch")}`] }],
    ["an id of another trust domain", { names: [`URI:${idOf("front", "other.consul")}`] }],
    ["an id in capitals", { names: [`URI:${FRONT.toUpperCase()}`] }],
    ["an id with a slash behind it", { names: [`URI:${FRONT}/`] }],
    ["an agent's id", { names: [`URI:spiffe://${DOMAIN}/agent/client/dc/dc1/id/front`] }],
    ["an id of another namespace", { names: [`URI:${FRONT.replace("/default/", "/other/")}`] }],
    ["an id of another partition", { names: [`URI:${FRONT.replace("/ns/", "/ap/other/ns/")}`] }],
    ["two ids", { names: [`URI:${FRONT}`, `URI:${idOf("batch")}`] }],
    ["the same id twice", { names: [`URI:${FRONT}`, `URI:${FRONT}`] }],
    ["an id and another URI", { names: [`URI:${FRONT}`, "URI:https://front"] }],
  ])("with a certificate of the mesh with %s is denied", async (_name, wish) => {
    const before = [await counted("intention-denied"), origin.requests.length];
    expect(await statusFor(signed(wish), maxVersion)).toBe(403);
    expect([await counted("intention-denied"), origin.requests.length]).toEqual([
      (before[0] ?? 0) + 1,
      before[1],
    ]);
    expect(await statusFor(GOOD, maxVersion)).toBe(200);
  });
});
