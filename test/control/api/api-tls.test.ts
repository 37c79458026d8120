import { once } from "node:events";
import { Agent, request } from "node:https";
import type { RequestOptions } from "node:https";
import { connect as connectPlainly } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { connect } from "node:tls";
import type { TLSSocket } from "node:tls";
import { expect, onTestFinished, test } from "vitest";
import { ApiTls } from "../../../control/api/api-tls.ts";
import { LiveAccess } from "../../../control/api/auth/access.ts";
import type { CertEntry } from "../../../control/config/auth-schema.ts";
import { OwnCertificate } from "../../../control/tls/own-certificate.ts";
import { systemClock as clock } from "../../../proxy/base/clock.ts";
import { bearer, newToken } from "../../support/api-tokens.ts";
import {
  makeAuthority,
  makeCertificate,
  makeChain,
  manyNames,
} from "../../support/certificates.ts";
import type { TestCertificate } from "../../support/certificates.ts";
import { startApi } from "../../support/running-api.ts";
import type { RunningApi } from "../../support/running-api.ts";
import { TlsFolder } from "../../support/tls-files.ts";

const authority = makeAuthority("server root");
const clientsRoot = makeAuthority("clients root");
const server = makeCertificate({ issuer: authority, names: ["IP:127.0.0.1", "DNS:api.test"] });
const HOUR_MS = 3_600_000;

/** A client certificate, by default one that may come. */
function client(wish: Parameters<typeof makeCertificate>[0] = {}): TestCertificate {
  return makeCertificate({ issuer: clientsRoot, names: ["URI:spiffe://mesh/ci"], ...wish });
}

const CI = client();
const ops = newToken("ops", { role: "admin" });

type Bed = { readonly files: TlsFolder; readonly own: OwnCertificate; readonly api: RunningApi };

async function start(): Promise<Bed> {
  const files = await TlsFolder.make(server, clientsRoot);
  const ignore = (): void => undefined;
  const log = { info: ignore, warn: ignore, error: ignore };
  const deps = { clock, log, events: { emit: ignore }, file: join(files.folder, "sluice.yaml") };
  const own = await OwnCertificate.open(files.tls, "control", deps);
  const certs: CertEntry[] = [
    { uri: "spiffe://mesh/ci", role: "shift", services: ["web"] },
    { dns: "ci.test", role: "read" },
  ];
  const auth = { tokens: [ops.entry], tokenFile: undefined, certs };
  const rules = { auth, socketRole: undefined, folder: files.folder };
  const access = await LiveAccess.open(rules, { clock, log });
  const api = await startApi({ access, tls: new ApiTls(own) });
  onTestFinished(async () => {
    own.close();
    access.close();
    await api[Symbol.asyncDispose]();
  });
  return { files, own, api };
}

type Answer = { readonly status: number; readonly body: unknown };

/** Calls an API. `options`: what the client shows, and how it connects. */
async function call(
  { port }: Pick<RunningApi, "port">,
  path: string,
  options: RequestOptions = {},
): Promise<Answer> {
  const asked = request({
    host: "127.0.0.1",
    port,
    path,
    ca: authority.certPem,
    agent: false,
    ...options,
  });
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  asked.once("error", reject);
  asked.once("response", (answer) => {
    const status = answer.statusCode ?? 0;
    text(answer).then((body) => resolve({ status, body: JSON.parse(body) }), reject);
  });
  asked.end();
  return promise;
}

const shown = ({ chainPem, keyPem }: TestCertificate): RequestOptions => ({
  cert: chainPem,
  key: keyPem,
});

test("A client is who its certificate says, or its token, or nobody", async () => {
  const { api } = await start();
  const who = (options: RequestOptions): Promise<Answer> => call(api, "/v1/whoami", options);
  expect(await who(shown(CI))).toEqual({
    status: 200,
    body: { actor: "cert:spiffe://mesh/ci", role: "shift", services: ["web"] },
  });
  const byName = client({ names: ["DNS:CI.test", "URI:other://a"] });
  expect(await who(shown(byName))).toMatchObject({ body: { actor: "cert:ci.test" } });
  const both = { ...shown(CI), headers: bearer(ops.secret) };
  expect(await who(both)).toMatchObject({ body: { actor: "token:ops", role: "admin" } });
  expect(await who({})).toMatchObject({ status: 401, body: { code: "unauthenticated" } });
  expect(await call(api, "/livez")).toMatchObject({ status: 200 });
});

test.each([
  ["of another root", () => client({ issuer: makeAuthority("other") }), "does not verify"],
  ["of nobody's root", () => makeCertificate({ names: ["URI:spiffe://mesh/ci"] }), "not verify"],
  ["that has ended", () => client({ notAfter: new Date(Date.now() - HOUR_MS) }), "not verify"],
  ["of tomorrow", () => client({ notBefore: new Date(Date.now() + HOUR_MS) }), "not verify"],
  ["for servers", () => client({ usage: "server" }), "does not verify"],
  [
    "with a chain of 11",
    () => makeChain(11, clientsRoot, { names: ["URI:spiffe://mesh/ci"] }),
    "CERT_CHAIN_TOO_LONG",
  ],
  [
    "of 40 KiB",
    () => client({ names: ["URI:spiffe://mesh/ci", ...manyNames(40 * 1024)] }),
    "CERT_CHAIN_TOO_LONG",
  ],
  ["of somebody else", () => client({ names: ["URI:spiffe://mesh/cd"] }), "do not name"],
  ["with the right common name", () => client({ subject: "ci.test", names: [] }), "do not name"],
  ["with a wildcard", () => client({ names: ["DNS:*.test"] }), "do not name"],
  [
    "with two identities",
    () => client({ names: ["URI:spiffe://mesh/ci", "URI:spiffe://mesh/admin"] }),
    "do not name",
  ],
])("A certificate %s lets nobody in", async (_name, make, found) => {
  const { api } = await start();
  const answer = await call(api, "/v1/whoami", shown(make()));
  expect(answer).toMatchObject({ status: 401, body: { code: "unauthenticated" } });
  expect(JSON.stringify(answer.body)).toContain(found);
  expect(await call(api, "/livez", shown(make()))).toMatchObject({ status: 200 });
});

test.each([
  ["TLS 1.1", { maxVersion: "TLSv1.1", minVersion: "TLSv1.1", ciphers: "ALL@SECLEVEL=0" }],
  ["CBC", { maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-AES128-SHA" }],
] as const)("A client that speaks only %s gets no handshake", async (_name, options) => {
  const { api } = await start();
  await expect(call(api, "/livez", options)).rejects.toThrow(/handshake|protocol|alert/i);
  expect(await call(api, "/livez")).toMatchObject({ status: 200 });
});

test("Who speaks no TLS is cut off, and the API goes on", async () => {
  const { api } = await start();
  const socket = connectPlainly(api.port, "127.0.0.1");
  socket.on("error", () => undefined);
  socket.write("GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n");
  await once(socket, "close");
  expect(await call(api, "/livez")).toMatchObject({ status: 200 });
});

test("Host must be a name of the certificate, or of loopback", async () => {
  const { api } = await start();
  const asked = async (host: string): Promise<number> =>
    (await call(api, "/livez", { servername: "api.test", headers: { host } })).status;
  expect(await asked("api.test:9180")).toBe(200);
  expect(await asked("localhost")).toBe(200);
  expect(await asked("evil.test")).toBe(421);
});

/** Who a server is, for a new client. */
async function serverOf({ port }: RunningApi, root: TestCertificate): Promise<string | undefined> {
  const socket: TLSSocket = connect({ port, host: "127.0.0.1", ca: root.certPem });
  await once(socket, "secureConnect");
  const { subject } = socket.getPeerX509Certificate() ?? {};
  socket.destroy();
  return subject;
}

test("New files are used for new connections, and old ones live on", async () => {
  const { api, own, files } = await start();
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: authority.certPem });
  onTestFinished(() => agent.destroy());
  const kept = { agent, ...shown(CI) };
  expect(await call(api, "/v1/whoami", kept)).toMatchObject({ status: 200 });
  const names = ["IP:127.0.0.1"];
  await files.write(makeCertificate({ issuer: authority, names, subject: "renewed" }));
  await own.look();
  expect(await serverOf(api, authority)).toBe("CN=renewed");
  expect(await call(api, "/v1/whoami", kept)).toMatchObject({ status: 200 });
  // A key that does not fit leaves the pair as it is.
  await files.write({ ...server, keyPem: CI.keyPem });
  await own.look();
  expect(await serverOf(api, authority)).toBe("CN=renewed");
  expect(own.status()).toMatchObject([{ problem: expect.stringContaining("another key") }, {}]);
});

test("A client whose root is taken away is nobody, on its open connection too", async () => {
  const { api, own, files } = await start();
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: authority.certPem });
  onTestFinished(() => agent.destroy());
  const kept = { agent, ...shown(CI) };
  expect(await call(api, "/v1/whoami", kept)).toMatchObject({ status: 200 });
  await files.writeRoots(makeAuthority("next"));
  await own.look();
  expect(await call(api, "/v1/whoami", kept)).toMatchObject({ status: 401 });
  expect(await call(api, "/v1/whoami", shown(CI))).toMatchObject({ status: 401 });
});

/** A connection that shows CI's certificate, with a session of an earlier one. */
async function resume({ port }: RunningApi, session?: Buffer): Promise<TLSSocket> {
  const { chainPem: cert, keyPem: key } = CI;
  const socket = connect({ port, host: "127.0.0.1", ca: authority.certPem, cert, key, session });
  onTestFinished(() => void socket.destroy());
  await once(socket, "secureConnect");
  return socket;
}

test("A resumed session is who began it, but not under other roots", async () => {
  const { api, own, files } = await start();
  const first = await resume(api);
  const [session] = (await once(first, "session")) as [Buffer];
  const again = await resume(api, session);
  again.end("GET /v1/whoami HTTP/1.1\r\nhost: api.test\r\nconnection: close\r\n\r\n");
  expect([again.isSessionReused(), await text(again)]).toEqual([
    true,
    expect.stringContaining('"actor":"cert:spiffe://mesh/ci"'),
  ]);
  await files.writeRoots(makeAuthority("next"));
  await own.look();
  expect((await resume(api, session)).isSessionReused()).toBe(false);
});
