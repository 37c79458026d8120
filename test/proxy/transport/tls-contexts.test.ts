import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import tls from "node:tls";
import { expect, onTestFinished, test } from "vitest";
import type {
  ListenerTls,
  TlsIdentity,
  TlsMaterial,
  UpstreamTls,
} from "../../../proxy/table/tls.ts";
import { NameIndex } from "../../../proxy/transport/name-index.ts";
import { acceptTls } from "../../../proxy/transport/open-transport.ts";
import { ReadBuffers } from "../../../proxy/transport/read-buffers.ts";
import { acceptHandles } from "../../../proxy/transport/stream-handles.ts";
import { TlsContexts } from "../../../proxy/transport/tls-contexts.ts";
import { makeCertificate } from "../../support/certificates.ts";
import type { TestCertificate } from "../../support/certificates.ts";
import { AUTHORITY, CLIENT, tlsServerSide } from "./tls-fixture.ts";
import { Recorder } from "./transport-fixture.ts";

const BIND = "127.0.0.1:8443";
const LISTENER: ListenerTls = {
  identities: ["file:a"],
  minVersion: "1.2",
  clientCert: "none",
  trust: undefined,
  intentions: false,
  forwardClientCert: "off",
  handshakesMax: 10,
  replacedMaxAgeMs: 0,
};
const UPSTREAM: UpstreamTls = {
  trust: "ca:mesh",
  identity: undefined,
  serverName: undefined,
  sans: [],
  insecure: false,
};
const A = makeCertificate({ subject: "a", issuer: AUTHORITY, names: ["DNS:a.example"] });
const B = makeCertificate({ subject: "b", issuer: AUTHORITY, names: ["DNS:*.b.example"] });
const A2 = makeCertificate({ subject: "a2", issuer: AUTHORITY, names: ["DNS:a.example"] });

function identity(id: string, { chainPem, keyPem }: TestCertificate, names: string[]): TlsIdentity {
  return { id, certPem: chainPem, keyPem, names };
}

const MATERIAL: TlsMaterial = {
  identities: [identity("file:a", A, ["a.example"]), identity("file:b", B, ["*.b.example"])],
  trusts: [{ id: "ca:mesh", pem: AUTHORITY.certPem }],
  ticketKeys: [randomBytes(48).toString("base64")],
};

function contextsWith(material: TlsMaterial = MATERIAL): TlsContexts {
  const contexts = new TlsContexts();
  contexts.replace(material);
  return contexts;
}

/** A listener that serves with whatever `contexts` has at that time. */
async function serve(contexts: TlsContexts, listener = LISTENER): Promise<number> {
  const server = createServer({ allowHalfOpen: true });
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => void server.close());
  const buffers = new ReadBuffers();
  acceptHandles(server, (accepted) => {
    const current = contexts.forListener(BIND, listener);
    if (current === undefined) return accepted.close();
    const { context } = current.first;
    const { choosesByName } = current;
    const contextFor = (name: string): object => current.pick(name).context;
    const { clientCert } = listener;
    const side = tlsServerSide({ context, choosesByName, contextFor, clientCert });
    const transport = acceptTls(accepted, side, buffers, new Recorder());
    onTestFinished(() => transport.destroy());
    return undefined;
  });
  return (server.address() as AddressInfo).port;
}

type Shaken = {
  readonly subject: string;
  readonly resumed: boolean;
  readonly session: Buffer | undefined;
  readonly protocol: string;
  readonly cipher: string;
};

/** A client's handshake, and its session. @throws the error's code. */
async function shake(port: number, options: tls.ConnectionOptions = {}): Promise<Shaken> {
  const socket = tls.connect({ host: "127.0.0.1", port, rejectUnauthorized: false, ...options });
  onTestFinished(() => void socket.destroy());
  const sessions: Buffer[] = [];
  const done = Promise.withResolvers<void>();
  socket.on("session", (session: Buffer) => (sessions.push(session), done.resolve()));
  socket.on("error", done.reject);
  // In TLS 1.2 a session that is resumed is not told again.
  if (options.session !== undefined) socket.on("secureConnect", () => done.resolve());
  await done.promise;
  return {
    subject: String(socket.getPeerCertificate().subject?.CN),
    resumed: socket.isSessionReused(),
    session: sessions.at(-1),
    protocol: String(socket.getProtocol()),
    cipher: socket.getCipher().name,
  };
}

test("TlsContexts present by SNI an exact name, a wildcard's, else the first", async () => {
  const listener = { ...LISTENER, identities: ["file:a", "file:b"] };
  const port = await serve(contextsWith(), listener);
  const names = ["a.example", "x.b.example", "X.B.example", "y.x.b.example", "other.example", ""];
  const subjects: string[] = [];
  for (const servername of names) subjects.push((await shake(port, { servername })).subject);
  expect(subjects).toEqual(["a", "b", "b", "a", "a", "a"]);
});

test.each([
  [{ maxVersion: "TLSv1.1", minVersion: "TLSv1" }, "1.2", /PROTOCOL|VERSION/],
  [{ maxVersion: "TLSv1.2" }, "1.3", /PROTOCOL_VERSION/],
  [{ maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-AES128-SHA256" }, "1.2", /HANDSHAKE_FAILURE/],
  [{ maxVersion: "TLSv1.2", ciphers: "AES128-GCM-SHA256" }, "1.2", /HANDSHAKE_FAILURE/],
] as const)("TlsContexts refuse a client of %j at least at %s", async (options, min, code) => {
  const port = await serve(contextsWith(), { ...LISTENER, minVersion: min });
  const error = await shake(port, { ciphers: "ALL@SECLEVEL=0", ...options }).catch(
    (reason: NodeJS.ErrnoException) => reason.code,
  );
  expect(error).toMatch(code);
});

test.each([
  ["TLSv1.2", "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256", "AES128"],
  ["TLSv1.2", "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-GCM-SHA256", "CHACHA20"],
  ["TLSv1.3", "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256", "AES_128"],
  ["TLSv1.3", "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256", "CHACHA20"],
] as const)("TlsContexts choose the cipher: %s %s gets %s", async (minVersion, ciphers, chosen) => {
  const port = await serve(contextsWith());
  const shaken = await shake(port, { minVersion, maxVersion: minVersion, ciphers });
  expect(shaken).toMatchObject({ protocol: minVersion, cipher: expect.stringContaining(chosen) });
});

test.each(["TLSv1.2", "TLSv1.3"] as const)(
  "TlsContexts open tickets of old keys and of other workers, in %s",
  async (maxVersion) => {
    const [first, second] = [contextsWith(), contextsWith()];
    const port = await serve(first);
    const elsewhere = await serve(second);
    const { session } = await shake(port, { maxVersion });
    const again = async (at: number): Promise<boolean> =>
      (await shake(at, { maxVersion, session })).resumed;
    expect([await again(port), await again(elsewhere)]).toEqual([true, true]);
    const newer = randomBytes(48).toString("base64");
    first.replace({ ...MATERIAL, ticketKeys: [newer, ...MATERIAL.ticketKeys] });
    expect(await again(port)).toBe(true);
    first.replace({ ...MATERIAL, ticketKeys: [newer] });
    expect(await again(port)).toBe(false);
  },
);

test("TlsContexts resume no session over another leaf, trust, or demand on clients", async () => {
  const contexts = contextsWith();
  const mutual: ListenerTls = { ...LISTENER, clientCert: "request", trust: "ca:mesh" };
  const port = await serve(contexts, mutual);
  const options = { cert: CLIENT.chainPem, key: CLIENT.keyPem };
  const resumedAt = async (at: number, session: Buffer | undefined): Promise<boolean> =>
    (await shake(at, { ...options, session })).resumed;
  const { session } = await shake(port, options);
  expect(await resumedAt(port, session)).toBe(true);
  const demanding = await serve(contexts, { ...mutual, clientCert: "require" });
  expect(await resumedAt(demanding, session)).toBe(false);
  const otherTrust = [{ id: "ca:mesh", pem: AUTHORITY.certPem + CLIENT.certPem }];
  contexts.replace({ ...MATERIAL, trusts: otherTrust });
  expect(await resumedAt(port, session)).toBe(false);
  contexts.replace(MATERIAL);
  expect(await resumedAt(port, session)).toBe(true);
  contexts.replace({ ...MATERIAL, identities: [identity("file:a", A2, ["a.example"])] });
  expect(await resumedAt(port, session)).toBe(false);
});

test("TlsContexts make anew what is made of something else, and keep the rest", () => {
  const contexts = contextsWith();
  const other = { ...LISTENER, identities: ["file:b"] };
  const upstream = { ...UPSTREAM, identity: "file:b" };
  const before = [
    contexts.forListener(BIND, LISTENER),
    contexts.forListener("127.0.0.1:9443", other),
    contexts.forUpstream(UPSTREAM),
    contexts.forUpstream(upstream),
  ];
  const ids = new Map([["file:b", identity("file:b", A2, ["*.b.example"])]]);
  const identities = MATERIAL.identities.map((each) => ids.get(each.id) ?? { ...each });
  contexts.replace({ ...MATERIAL, identities });
  const after = [
    contexts.forListener(BIND, { ...LISTENER }),
    contexts.forListener("127.0.0.1:9443", other),
    contexts.forUpstream({ ...UPSTREAM }),
    contexts.forUpstream(upstream),
  ];
  expect(before.every((each) => each !== undefined)).toBe(true);
  expect(after.map((each, index) => each === before[index])).toEqual([true, false, true, false]);
  expect(contexts.forUpstream(UPSTREAM)).not.toBe(contexts.forUpstream(upstream));
});

test("TlsContexts have nothing for who names what is missing", () => {
  const contexts = contextsWith();
  expect([
    contexts.forListener(BIND, { ...LISTENER, identities: ["file:a", "file:gone"] }),
    contexts.forListener(BIND, { ...LISTENER, trust: "ca:gone" }),
    contexts.forListener(BIND, { ...LISTENER, identities: [] }),
    contexts.forUpstream({ ...UPSTREAM, trust: "ca:gone" }),
    contexts.forUpstream({ ...UPSTREAM, identity: "file:gone" }),
    new TlsContexts().forListener(BIND, LISTENER),
  ]).toEqual([undefined, undefined, undefined, undefined, undefined, undefined]);
  expect(contexts.forUpstream({ ...UPSTREAM, trust: undefined })?.context).toBeDefined();
});

test("TlsContexts.replace() names what cannot be used, not its bytes, and changes nothing", () => {
  const contexts = contextsWith();
  const before = contexts.forListener(BIND, LISTENER);
  const wrongKey = { ...identity("file:a", A, []), keyPem: B.keyPem };
  const noKey = { ...identity("file:a", A, []), keyPem: "secret" };
  for (const [wrong, named] of [
    [{ ...MATERIAL, identities: [wrongKey] }, /^Cannot use file:a: .* ERR_\w+$/],
    [{ ...MATERIAL, identities: [noKey] }, /^Cannot use file:a: .* ERR_\w+$/],
    [{ ...MATERIAL, trusts: [{ id: "ca:mesh", pem: "secret" }] }, /^Cannot use ca:mesh: /],
    [{ ...MATERIAL, ticketKeys: ["c2hvcnQ="] }, /^Cannot use ticket key: .* 48 bytes, found 5$/],
  ] as const) {
    expect(() => contexts.replace(wrong)).toThrow(named);
    expect(() => contexts.replace(wrong)).not.toThrow(/secret|BEGIN/);
  }
  expect(contexts.forListener(BIND, { ...LISTENER })).toBe(before);
});

test("NameIndex finds an exact name before a wildcard, which is for one label", () => {
  const index = new NameIndex<string>();
  index.add("A.example", "exact");
  index.add("*.example", "wildcard");
  index.add("a.example", "later");
  const hosts = ["a.example", "b.example", "c.b.example", "example", ".example", ""];
  expect(hosts.map((host) => index.find(host))).toEqual([
    "exact",
    "wildcard",
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});
