import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { join } from "node:path";
import { createSecureContext, createServer as createTlsServer } from "node:tls";
import { expect, onTestFinished, test } from "vitest";
import { probe } from "../../../control/discovery/probe.ts";
import type { TcpQuestion } from "../../../control/config/service.ts";
import type { ProbeTls } from "../../../control/discovery/probe-tls.ts";
import { systemClock } from "../../../proxy/base/clock.ts";
import { makeAuthority, makeCertificate } from "../../support/certificates.ts";
import { deadAddress } from "../../support/tcp-origin.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const NEVER = new AbortController().signal;

/** Where a server listens that does this with each connection. */
async function listening(server: Server, path?: string): Promise<string> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket.on("error", () => undefined)));
  if (path === undefined) server.listen(0, "127.0.0.1");
  else server.listen(path);
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  if (path !== undefined) return `unix:${path}`;
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function ask(
  address: string,
  question: Partial<TcpQuestion> = {},
  more: { readonly tls?: ProbeTls; readonly timeoutMs?: number } = {},
): Promise<string> {
  const none = {
    kind: "tcp",
    send: undefined,
    expect: undefined,
    proxyProtocol: undefined,
  } as const;
  const target = { address, host: "redis", timeoutMs: 5_000, ...more };
  const all = { ...target, question: { ...none, ...question } };
  const { succeeded, reason } = await probe(systemClock, all, NEVER);
  return `${succeeded} ${reason}`;
}

/** Redis, as far as a probe sees it: its answer comes in pieces. */
function redis(): Server {
  return createServer((socket) => {
    socket.once("data", (bytes: Buffer) => {
      socket.write(bytes.toString() === "PING\r\n" ? "+PO" : "-ERR unknown");
      setImmediate(() => socket.write("NG\r\n"));
    });
  });
}

test("A probe by TCP connects, at a port and at a Unix socket", async () => {
  expect(await ask(await listening(redis()))).toBe("true connected");
  const path = join(await temporaryFolder(), "s");
  expect(await ask(await listening(redis(), path))).toBe("true connected");
  expect(await ask(await deadAddress())).toBe("false cannot connect: ECONNREFUSED");
});

test("A probe by TCP sends, and finds what it expects wherever that is", async () => {
  const address = await listening(redis());
  const question = { send: "PING\r\n", expect: "PONG" };
  expect(await ask(address, question)).toBe("true answered as expected");
  const wrong = await ask(address, { ...question, send: "QUIT\r\n" }, { timeoutMs: 300 });
  expect(wrong).toBe("false no answer within 300 ms");
});

test("A probe by TCP may expect a server that speaks first", async () => {
  const mail = await listening(createServer((socket) => socket.write("220 mail ready\r\n")));
  expect(await ask(mail, { expect: "220 " })).toBe("true answered as expected");
  const ill = await listening(createServer((socket) => socket.end("421 too busy\r\n")));
  expect(await ask(ill, { expect: "220 " })).toBe("false answered something else");
  const mute = await listening(createServer((socket) => socket.end()));
  expect(await ask(mute, { expect: "220 " })).toBe("false ended without an answer");
});

test("A probe by TCP reads no more than 64 KiB, and takes any bytes", async () => {
  const flood = createServer((socket) => socket.write(Buffer.alloc(1024 * 1024)));
  expect(await ask(await listening(flood), { expect: "a" })).toBe("false answered something else");
  const bytes = createServer((socket) => socket.write(Buffer.of(0, 0xff, 0x80)));
  expect(await ask(await listening(bytes), { expect: "\u00ff\u0080" })).toMatch(/^true/);
});

test.each([
  ["v1", "PROXY UNKNOWN\r\nPING\r\n"],
  ["v2", "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0PING\r\n"],
] as const)(
  "A probe by TCP speaks for itself where %s is wanted",
  async (proxyProtocol, wanted) => {
    let heard = "";
    const server = createServer((socket) => {
      socket.on("data", (bytes: Buffer) => {
        heard += bytes.toString("latin1");
        if (heard.endsWith("PING\r\n")) socket.write("+PONG");
      });
    });
    const question = { send: "PING\r\n", expect: "+PONG", proxyProtocol };
    expect(await ask(await listening(server), question)).toBe("true answered as expected");
    expect(heard).toBe(wanted);
  },
);

test("A probe by TCP speaks TLS as connections do, behind the PROXY protocol too", async () => {
  const authority = makeAuthority();
  const { chainPem, keyPem } = makeCertificate({ issuer: authority, names: ["DNS:redis"] });
  const secure = createTlsServer({ cert: chainPem, key: keyPem }, (socket) => {
    socket.write(`+${String(socket.alpnProtocol)}`);
  });
  secure.on("tlsClientError", () => undefined);
  const inner = await listening(secure);
  const front = createServer((socket) => {
    socket.once("data", (bytes: Buffer) => {
      const behind = connect(Number(inner.split(":")[1]), "127.0.0.1");
      behind.on("error", () => undefined).write(bytes.subarray(bytes.indexOf("\n") + 1));
      socket.pipe(behind).pipe(socket);
    });
  });
  const context = createSecureContext({ ca: authority.certPem });
  const tls = { context, peer: { name: "redis", sans: [] }, insecure: false };
  const question = { expect: "+false" };
  expect(await ask(inner, question, { tls })).toBe("true answered as expected");
  const proxied = { ...question, proxyProtocol: "v1" } as const;
  expect(await ask(await listening(front), proxied, { tls })).toBe("true answered as expected");
  const other = { ...tls, peer: { name: "other", sans: [] } };
  expect(await ask(inner, question, { tls: other })).toMatch(/^false no TLS/);
  expect(await ask(await listening(redis()), question, { tls })).toMatch(/^false no TLS/);
});
