import { writeFile } from "node:fs/promises";
import { createServer } from "node:tls";
import { once } from "node:events";
import { join } from "node:path";
import type { AddressInfo, Socket } from "node:net";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import { makeAuthority, makeCertificate } from "../support/certificates.ts";
import { eventually } from "../support/eventually.ts";
import { RawSocket } from "../support/raw-socket.ts";
import { startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";
import { TcpOrigin } from "../support/tcp-origin.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/*
 * Goal: TCP over TLS on either side of a real sidecar, which cannot leave its process in a swap.
 * Method: one listener that ends TLS, and one in clear before an endpoint that ends it; connections
 * that talk and some that are silent while the workers are swapped.
 */

let origin: TcpOrigin;
let sidecar: TestSidecar;
const clients: RawSocket[] = [];

beforeEach(async () => {
  origin = await TcpOrigin.start("v1");
  const folder = await temporaryFolder();
  const authority = makeAuthority();
  const server = makeCertificate({ issuer: authority, names: ["DNS:cache"] });
  const [ca, cert, key] = ["ca.pem", "cache.pem", "cache.key"].map((name) => join(folder, name));
  await writeFile(ca ?? "", authority.certPem);
  await writeFile(cert ?? "", server.chainPem);
  await writeFile(key ?? "", server.keyPem, { mode: 0o600 });
  const secure = await secureOrigin({ cert: server.chainPem, key: server.keyPem });
  const upstream = { tls: { ca, serverName: "cache" } };
  sidecar = await startSidecar({
    workers: 2,
    listeners: [
      { bind: "127.0.0.1:0", tcp: "plain", tls: { certificates: [{ cert, key }] } },
      { bind: "127.0.0.2:0", tcp: "secure" },
    ],
    services: {
      plain: { kind: "tcp", versions: { v1: { endpoints: [origin.address] } } },
      secure: { kind: "tcp", versions: { v1: { endpoints: [secure] } }, upstream },
    },
  });
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await sidecar.stop();
});

/** An endpoint that ends TLS without a protocol named, and sends back what it gets. */
async function secureOrigin(pair: { cert: string; key: string }): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer(pair, (socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined).write(`${String(socket.alpnProtocol)}\n`);
    socket.pipe(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A client over TLS of the first listener, and one in clear of the second. */
async function open(): Promise<readonly [RawSocket, RawSocket]> {
  const [inner = 0, outer = 0] = sidecar.ports;
  const overTls = await RawSocket.openTls({ port: inner });
  const toTls = await RawSocket.open({ host: "127.0.0.2", port: outer });
  clients.push(overTls, toTls);
  await overTls.until("v1\n");
  await toTls.until("false\n");
  return [overTls, toTls];
}

test("connections over TLS stay over a swap until they are silent", async () => {
  const silent = await open();
  const busy = await open();
  const chatter = setInterval(() => busy.forEach((client) => client.send(".")), 100);
  try {
    const swapped = await sidecar.call("POST", "/v1/workers/swap", { trial: "100ms" });
    expect(swapped.status).toBe(200);
    for (const client of silent) expect(await client.ended()).toBe("fin");
    for (const client of await open()) await client.send("new").until("new");
    expect(busy.map(({ fate }) => fate)).toEqual(["open", "open"]);
  } finally {
    clearInterval(chatter);
  }
  for (const client of busy) expect(await client.ended()).toBe("fin");
  for (const client of [...silent, ...busy]) client.finish();
  const [overTls] = busy;
  const sent = origin.visits.find(({ text }) => text.startsWith("."))?.text;
  expect(overTls?.text).toBe(`v1\n${sent}`);
  await eventually(() => expect(sidecar.workerPids()).toHaveLength(2));
});
