import { constants } from "node:crypto";
import { once } from "node:events";
import type { Socket } from "node:net";
import tls from "node:tls";
import { expect, onTestFinished, test } from "vitest";
import { connectTransport } from "../../../proxy/transport/open-transport.ts";
import { ReadBuffers } from "../../../proxy/transport/read-buffers.ts";
import type { TlsFacts } from "../../../proxy/transport/tls-facts.ts";
import { TlsSocketTransport } from "../../../proxy/transport/tls-socket-transport.ts";
import { TlsTransport } from "../../../proxy/transport/tls-transport.ts";
import { makeAuthority, makeCertificate, makeChain } from "../../support/certificates.ts";
import { eventually } from "../../support/eventually.ts";
import { AUTHORITY, CLIENT, SERVER, tlsClientSide, tlsServerSide } from "./tls-fixture.ts";
import { dialWith, errorOf, serveTls } from "./tls-listener.ts";
import { dial, listen, Recorder } from "./transport-fixture.ts";

test("TlsTransport is what acceptTls() makes: Node's TLS is known", async () => {
  const { port, transports } = await serveTls();
  const client = connectTransport(
    { host: "127.0.0.1", port },
    new ReadBuffers(),
    new Recorder(),
    tlsClientSide(),
  );
  onTestFinished(() => client.destroy());
  await eventually(() => expect(client.whole).toBe(true));
  expect([client, transports[0]].map((each) => each instanceof TlsTransport)).toEqual([true, true]);
});

test("TlsTransport tells the facts of a handshake, once, before onConnect", async () => {
  const { port, facts, recorders } = await serveTls({ clientCert: "request" });
  const socket = dialWith(port, {
    ALPNProtocols: ["h2", "http/1.1"],
    cert: CLIENT.chainPem,
    key: CLIENT.keyPem,
  });
  await eventually(() => expect(recorders[0]?.told).toEqual(["connect"]));
  expect(facts).toEqual([
    {
      serverName: "server.example",
      protocol: "TLSv1.3",
      alpn: "http/1.1",
      resumed: false,
      peerDer: CLIENT.der,
      chainError: undefined,
    },
  ]);
  expect(socket.alpnProtocol).toBe("http/1.1");
});

test("TlsTransport judges each side: an error is the reason why it closes", async () => {
  const { port, recorders } = await serveTls();
  const refusal = Object.assign(new Error("no"), { code: "REFUSED" });
  const recorder = new Recorder();
  const seen: TlsFacts[] = [];
  connectTransport(
    { host: "127.0.0.1", port },
    new ReadBuffers(),
    recorder,
    tlsClientSide({ judge: (facts) => (seen.push(facts), refusal) }),
  );
  await eventually(() => expect(recorder.told).toEqual(["broken REFUSED"]));
  expect(seen.map(({ peerDer, chainError }) => [peerDer, chainError])).toEqual([
    [SERVER.der, undefined],
  ]);
  await eventually(() => expect(recorders[0]?.told.at(-1)).toMatch(/closed|end/));
  const refusing = await serveTls({ judge: () => refusal });
  const socket = dialWith(refusing.port);
  await once(socket, "close");
  expect(refusing.recorders[0]?.told).toEqual(["broken REFUSED"]);
});

test.each(["TLSv1.2", "TLSv1.3"] as const)(
  "TlsTransport ends a handshake with an alert when no protocol is common, in %s",
  async (maxVersion) => {
    const { port, recorders } = await serveTls({ choosesByName: true });
    for (const servername of ["", "server.example"]) {
      const code = await errorOf(dialWith(port, { servername, maxVersion, ALPNProtocols: ["h2"] }));
      expect(code).toMatch(/ALERT_NO_APPLICATION_PROTOCOL$/);
    }
    await eventually(() => expect(recorders.flatMap(({ told }) => told)).toHaveLength(2));
    expect(recorders.flatMap(({ told }) => told)).toEqual([
      "broken ERR_SSL_NO_APPLICATION_PROTOCOL",
      "broken ERR_SSL_NO_APPLICATION_PROTOCOL",
    ]);
  },
);

test("TlsTransport asks for a context by name, and only by one that was sent", async () => {
  const asked: string[] = [];
  const other = tls.createSecureContext({ cert: CLIENT.chainPem, key: CLIENT.keyPem });
  const { port } = await serveTls({
    choosesByName: true,
    contextFor: (name) => (asked.push(name), name === "other.example" ? other : undefined),
  });
  const names: unknown[] = [];
  for (const servername of ["other.example", "server.example", ""]) {
    const socket = dialWith(port, { servername });
    await once(socket, "secureConnect");
    names.push(socket.getPeerCertificate().subject.CN);
  }
  expect([asked, names]).toEqual([
    ["other.example", "server.example"],
    ["client", "server", "server"],
  ]);
});

test.each([
  ["a reset", (socket: Socket) => void socket.resetAndDestroy(), "broken ECONNRESET"],
  ["a FIN", (socket: Socket) => void socket.end(), "broken ERR_TLS_HANDSHAKE_ABORTED"],
  ["no TLS", (socket: Socket) => void socket.write("\0".repeat(300)), /^broken ERR_SSL_/],
])("TlsTransport closes on %s inside a hello", async (_, act, told) => {
  const { port, recorders } = await serveTls();
  const socket = await dial(port);
  socket.write(Buffer.from("16030100c8010000c40303", "hex"));
  await eventually(() => expect(recorders).toHaveLength(1));
  act(socket);
  await eventually(() => expect(recorders[0]?.told).toEqual([expect.stringMatching(told)]));
});

test("TlsTransport answers plain HTTP in clear, and closes", async () => {
  const { port, recorders } = await serveTls({ plainAnswer: "HTTP/1.1 400 Bad Request\r\n\r\n" });
  const socket = await dial(port);
  const received: Buffer[] = [];
  socket.on("data", (bytes: Buffer) => received.push(bytes));
  socket.write("GET / HTTP/1.1\r\nHost: server.example\r\n\r\n");
  await once(socket, "end");
  expect(Buffer.concat(received).toString()).toBe("HTTP/1.1 400 Bad Request\r\n\r\n");
  expect(recorders[0]?.told).toEqual(["broken ERR_SSL_HTTP_REQUEST"]);
});

test("TlsTransport does not renegotiate", async () => {
  const context = tls.createSecureContext({
    cert: SERVER.chainPem,
    key: SERVER.keyPem,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  });
  const { port, recorders, facts } = await serveTls({ context });
  const socket = dialWith(port, { maxVersion: "TLSv1.2" });
  await once(socket, "secureConnect");
  const asked = new Promise((resolve) => {
    socket.on("error", resolve);
    socket.renegotiate({}, resolve);
  });
  expect(String(await asked)).toMatch(/no.renegotiation/i);
  expect([facts.length, recorders[0]?.told[0]]).toEqual([1, "connect"]);
});

test("TlsTransport resumes a session that an earlier connection was given", async () => {
  const { port, facts, recorders } = await serveTls({ clientCert: "require" });
  const sessions: Buffer[] = [];
  const shake = async (session: Buffer | undefined): Promise<TlsFacts | undefined> => {
    const seen: TlsFacts[] = [];
    const recorder = new Recorder();
    const client = connectTransport(
      { host: "127.0.0.1", port },
      new ReadBuffers(),
      recorder,
      tlsClientSide({
        session,
        onSession: (fresh) => sessions.push(fresh),
        judge: (shown) => (seen.push(shown), undefined),
      }),
    );
    onTestFinished(() => client.destroy());
    await eventually(() => expect([client.whole, sessions.length > 0]).toEqual([true, true]));
    return seen[0];
  };
  const first = await shake(undefined);
  const second = await shake(sessions.at(-1));
  expect([first, second].map((each) => [each?.resumed, each?.peerDer, each?.chainError])).toEqual([
    [false, SERVER.der, undefined],
    // Node does not give a client what the session has of it.
    [true, undefined, undefined],
  ]);
  await eventually(() => expect(recorders.flatMap(({ told }) => told)).toHaveLength(2));
  expect(facts.map(({ resumed, peerDer }) => [resumed, peerDer])).toEqual([
    [false, CLIENT.der],
    [true, CLIENT.der],
  ]);
});

test("TlsTransport tells why a peer's chain does not verify, in OpenSSL's word", async () => {
  const { port, facts } = await serveTls({ clientCert: "request" });
  const past = new Date(Date.now() - 1_000);
  const strangers = [
    makeCertificate({ subject: "stranger" }),
    makeCertificate({ issuer: makeAuthority("another root") }),
    makeCertificate({ issuer: AUTHORITY, notAfter: past }),
    makeCertificate({ issuer: AUTHORITY, usage: "server" }),
    makeChain(10, makeAuthority("another root")),
    makeChain(11, AUTHORITY),
    makeChain(11, makeAuthority("another root")),
  ];
  for (const [index, { chainPem, keyPem }] of strangers.entries()) {
    dialWith(port, { cert: chainPem, key: keyPem });
    await eventually(() => expect(facts).toHaveLength(index + 1));
  }
  expect(facts.map(({ chainError }) => chainError)).toEqual([
    "DEPTH_ZERO_SELF_SIGNED_CERT",
    "SELF_SIGNED_CERT_IN_CHAIN",
    "CERT_HAS_EXPIRED",
    "INVALID_PURPOSE",
    "SELF_SIGNED_CERT_IN_CHAIN",
    "CERT_CHAIN_TOO_LONG",
    "CERT_CHAIN_TOO_LONG",
  ]);
});

test("TlsSocketTransport tells it in the same word", async () => {
  const facts: TlsFacts[] = [];
  const judge = (shown: TlsFacts): undefined => void facts.push(shown);
  const side = tlsServerSide({ clientCert: "request", judge });
  const port = await listen((socket) => {
    TlsSocketTransport.accept(socket, side, new Recorder());
  }, true);
  for (const certificates of [10, 11]) {
    const { chainPem: cert, keyPem: key } = makeChain(certificates, AUTHORITY);
    dialWith(port, { cert, key });
    await eventually(() => expect(facts.at(-1)?.peerDer).toBeDefined());
    expect(facts.pop()?.chainError).toBe(certificates > 10 ? "CERT_CHAIN_TOO_LONG" : undefined);
  }
});
