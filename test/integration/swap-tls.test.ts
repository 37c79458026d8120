import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { afterEach, beforeEach, expect, test } from "vitest";
import { makeAuthority, makeCertificate } from "../support/certificates.ts";
import { eventually } from "../support/eventually.ts";
import { KeptConnection } from "../support/kept-connection.ts";
import { Load } from "../support/load.ts";
import { RawSocket } from "../support/raw-socket.ts";
import { complaintsOf, startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { VersionOrigin } from "../support/version-origin.ts";

/*
 * Goal: OpenSSL's state cannot move to other workers, so clients over TLS must come back, without a
 * request that fails. Method: real processes; those under load and those that are idle.
 */

const GET = "GET / HTTP/1.1\r\nHost: web\r\n\r\n";
const UPGRADE =
  "GET /chat HTTP/1.1\r\nHost: web\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
/** A Close frame with 1012, as a server sends it. */
const RESTARTS = "\u0088\u0002\u0003\u00f4";

let origin: VersionOrigin;
let sidecar: TestSidecar;

beforeEach(async () => {
  origin = await VersionOrigin.start("v1");
  const folder = await temporaryFolder();
  const authority = makeAuthority();
  const { chainPem, keyPem } = makeCertificate({ issuer: authority, names: ["DNS:web"] });
  const [cert, key] = [join(folder, "web.pem"), join(folder, "web.key")];
  await writeFile(cert, chainPem);
  await writeFile(key, keyPem, { mode: 0o600 });
  sidecar = await startSidecar({
    workers: 2,
    listeners: [{ bind: "127.0.0.1:0", tls: { certificates: [{ cert, key }] } }],
    services: { web: { versions: { v1: { endpoints: [origin.address] } } } },
  });
});
afterEach(async () => {
  await sidecar.stop();
  origin[Symbol.dispose]();
});

async function swap(): Promise<void> {
  const options = { trial: "100ms" };
  const response = await sidecar.call("POST", "/v1/workers/swap", options);
  expect([response.status, await response.json()]).toMatchObject([200, {}]);
}

function sessionOf({ socket }: RawSocket): Promise<Buffer> {
  return new Promise((resolve) => void (socket as TLSSocket).once("session", resolve));
}

test("swaps under TLS load lose no request, and sessions go on at the new workers", async () => {
  const [port = 0] = sidecar.ports;
  const tls = { rejectUnauthorized: false };
  const first = await RawSocket.openTls({ port });
  const session = sessionOf(first);
  expect((await first.send(GET).response()).status).toBe(200);
  const idle = await KeptConnection.open(port, "127.0.0.1", tls);
  const tunnel = await RawSocket.openTls({ port });
  await tunnel.send(UPGRADE).until("\r\n\r\n");
  const wrong: number[] = [];
  await using load = new Load({ port, host: "web", connections: 8, tls }, ({ status }) => {
    if (status !== 200) wrong.push(status);
  });
  for (let swaps = 0; swaps < 3; swaps += 1) {
    await load.more(50);
    await swap();
  }
  await load.more(50);
  await load.stop();
  expect([load.lost, load.refused, wrong]).toEqual([0, 0, []]);
  expect(load.closed).toBeGreaterThan(0);
  // What could not move was told so: the tunnel by a Close, the rest by an end between requests.
  await tunnel.until(RESTARTS);
  await eventually(() => expect([idle.isOpen, first.fate]).toEqual([false, "fin"]));
  const again = await RawSocket.openTls({ port }, { session: await session });
  expect((again.socket as TLSSocket).isSessionReused()).toBe(true);
  expect((await again.send(GET).response()).status).toBe(200);
  for (const each of [first, again, tunnel]) each.close();
  await eventually(() => expect(sidecar.workerPids()).toHaveLength(2), 15_000);
  expect(complaintsOf(sidecar)).toEqual([]);
});
