import { once } from "node:events";
import { createSecureServer, createServer } from "node:http2";
import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { createServer as createHttp1Server } from "node:http";
import { createServer as createTcpServer } from "node:net";
import type { AddressInfo, Server } from "node:net";
import { join } from "node:path";
import { createSecureContext } from "node:tls";
import { expect, onTestFinished, test } from "vitest";
import { probe } from "../../../control/discovery/probe.ts";
import type { ProbeTarget } from "../../../control/discovery/probe-target.ts";
import { systemClock } from "../../../proxy/base/clock.ts";
import { createAuthority } from "../../support/authority.ts";
import { eventually } from "../../support/eventually.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { healthChecks, healthOf, INTERVAL_MS, TIMEOUT_MS, web } from "./checks-fixture.ts";

const NEVER = new AbortController().signal;
const SERVING = Buffer.of(0, 0, 0, 0, 2, 0x08, 1);
const HEAD = { ":status": 200, "content-type": "application/grpc" };

/** What servers have seen: a call's fields, and its message. */
const seen: { readonly fields: IncomingHttpHeaders; readonly body: string }[] = [];

async function listening(server: Server, path?: string): Promise<string> {
  if (path === undefined) server.listen(0, "127.0.0.1");
  else server.listen(path);
  await once(server, "listening");
  onTestFinished(() => void server.close());
  if (path !== undefined) return `unix:${path}`;
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Answers with a message, then a status in the trailers. */
function say(stream: ServerHttp2Stream, grpcStatus: string, body = SERVING): void {
  stream.respond(HEAD, { waitForTrailers: true });
  stream.once("wantTrailers", () => stream.sendTrailers({ "grpc-status": grpcStatus }));
  stream.end(body);
}

/** A server that is well, and notes who asks. */
function notes(stream: ServerHttp2Stream, fields: IncomingHttpHeaders): void {
  const pieces: Buffer[] = [];
  stream.on("data", (piece: Buffer) => pieces.push(piece));
  stream.once("end", () => {
    // Without the symbol that Node adds.
    seen.push({
      fields: Object.fromEntries(Object.entries(fields)),
      body: Buffer.concat(pieces).toString("latin1"),
    });
    say(stream, "0");
  });
}

function grpcServer(answer: (stream: ServerHttp2Stream, fields: IncomingHttpHeaders) => void) {
  return createServer().on("stream", answer);
}

async function ask(address: string, more: Partial<ProbeTarget> = {}): Promise<string> {
  const question = { kind: "grpc", service: "shop.Cart" } as const;
  const target = { address, host: "cart.internal", question, timeoutMs: 5_000, ...more };
  const { succeeded, reason } = await probe(systemClock, target, NEVER);
  return `${succeeded} ${reason}`;
}

test("A probe by gRPC is a call of grpc.health.v1, over TCP and Unix sockets", async () => {
  seen.length = 0;
  const path = join(await temporaryFolder(), "cart.sock");
  for (const address of [
    await listening(grpcServer(notes)),
    await listening(grpcServer(notes), path),
  ]) {
    expect(await ask(address)).toBe("true answered SERVING");
  }
  const fields = {
    ":method": "POST",
    ":path": "/grpc.health.v1.Health/Check",
    ":scheme": "http",
    ":authority": "cart.internal",
    "content-type": "application/grpc",
    te: "trailers",
    "grpc-timeout": "5000m",
    "user-agent": "sluice-health-check",
  };
  const body = "\0\0\0\0\x0b\n\tshop.Cart";
  expect(seen).toEqual([
    { fields, body },
    { fields, body },
  ]);
});

test("A probe by gRPC reads a status without a message, and what is not gRPC", async () => {
  const server = grpcServer((stream, fields) => {
    const as = fields[":authority"];
    if (as === "only") return stream.respond({ ...HEAD, "grpc-status": "5" }, { endStream: true });
    stream.on("error", () => undefined);
    if (as === "reset") return stream.close(2);
    if (as === "long") return say(stream, "0", Buffer.alloc(1025));
    stream.respond({ ":status": 404 });
    return void stream.end("not here");
  });
  const address = await listening(server);
  expect(await ask(address, { host: "only" })).toBe(
    "false answered NOT_FOUND: it does not know the health of this service",
  );
  expect(await ask(address, { host: "reset" })).toBe(
    "false no usable answer: ERR_HTTP2_STREAM_ERROR",
  );
  expect(await ask(address, { host: "long" })).toBe("false no usable answer: more than 1024 bytes");
  expect(await ask(address)).toBe("false answered 404");
});

test("A probe by gRPC fails where HTTP/1.1, nothing or nobody answers", async () => {
  const http1 = await listening(createHttp1Server((_request, response) => response.end("fine")));
  expect(await ask(http1)).toMatch(/^false no usable answer: /);
  const ends = await listening(createTcpServer((socket) => socket.end()));
  expect(await ask(ends)).toMatch(/^false no usable answer: /);
  const open = new Set<object>();
  const silent = createTcpServer((socket) => {
    open.add(socket);
    socket
      .resume()
      .on("error", () => undefined)
      .once("close", () => open.delete(socket));
  });
  const address = await listening(silent);
  expect(await ask(address, { timeoutMs: 100 })).toBe("false no answer within 100 ms");
  await eventually(() => expect(open.size).toBe(0));
  await silent[Symbol.asyncDispose]();
  expect(await ask(address)).toBe("false cannot connect: ECONNREFUSED");
});

test("A probe by gRPC over TLS wants HTTP/2 by ALPN and the right certificate", async () => {
  seen.length = 0;
  const authority = createAuthority();
  const { certPem: cert, keyPem: key } = authority.issue({ names: ["DNS:cart.internal"] });
  const context = createSecureContext({ ca: [authority.pem] });
  const tls = { context, peer: { name: "cart.internal", sans: [] }, insecure: false };
  const options = { cert, key, allowHTTP1: true };
  const address = await listening(createSecureServer(options).on("stream", notes));
  expect(await ask(address, { tls })).toBe("true answered SERVING");
  expect(seen[0]?.fields).toMatchObject({ ":scheme": "https" });
  const other = { ...tls, peer: { name: "shop.internal", sans: [] } };
  expect(await ask(address, { tls: other })).toBe("false no TLS: another name in its certificate");
  const { createServer: createHttpsServer } = await import("node:https");
  const http1 = await listening(createHttpsServer({ cert, key, ALPNProtocols: [] }));
  expect(await ask(http1, { tls })).toMatch(
    /^false no TLS: (?:it does not offer HTTP\/2|ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL)$/,
  );
});

test("HealthChecks ask by gRPC where the service says so", async () => {
  let status = 2;
  const server = grpcServer((stream) => say(stream, "0", Buffer.of(0, 0, 0, 0, 2, 0x08, status)));
  const address = await listening(server);
  const { checks, round, events } = healthChecks();
  const times = { interval: `${INTERVAL_MS}ms`, timeout: `${TIMEOUT_MS}ms`, rise: 1, fall: 1 };
  const healthCheck = { kind: "grpc", service: "shop.Cart", ...times } as const;
  checks.update(web({ v1: [address] }, { healthCheck }));
  await round();
  expect(healthOf(checks, "v1")).toEqual(["down"]);
  status = 1;
  await round();
  expect(healthOf(checks, "v1")).toEqual(["up"]);
  expect(events).toEqual([
    `health web v1 ${address} down answered NOT_SERVING`,
    `health web v1 ${address} up answered SERVING`,
  ]);
});
