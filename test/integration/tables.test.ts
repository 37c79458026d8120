import { afterEach, beforeEach, expect, test } from "vitest";
import { EchoTunnel } from "../support/echo-tunnel.ts";
import { eventually } from "../support/eventually.ts";
import { KeptConnection } from "../support/kept-connection.ts";
import { Load } from "../support/load.ts";
import type { Answered } from "../support/load.ts";
import { startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";
import { VersionOrigin } from "../support/version-origin.ts";

/*
 * Goal: a new table moves new requests and nothing else. Method: connections on both sides of the
 * sidecar are counted while tables change: none may be closed, and none reopened.
 */

const CLIENTS = 8;

let v1: VersionOrigin;
let v2: VersionOrigin;
let sidecar: TestSidecar;
let clients: KeptConnection[];

/** The service `web` as it was configured. */
const web = (): object => ({
  versions: {
    v1: { weight: 50, endpoints: [v1.address] },
    v2: { weight: 50, endpoints: [v2.address] },
  },
});

beforeEach(async () => {
  [v1, v2] = [await VersionOrigin.start("v1"), await VersionOrigin.start("v2")];
  sidecar = await startSidecar({ services: { web: web() } });
  const [port = 0] = sidecar.ports;
  clients = await Promise.all(Array.from({ length: CLIENTS }, () => KeptConnection.open(port)));
});
afterEach(async () => {
  for (const client of clients) client.close();
  await sidecar.stop();
  v1[Symbol.dispose]();
  v2[Symbol.dispose]();
});

/** Sends one request on each client connection, one after the other. */
async function requestOnEach(): Promise<readonly string[]> {
  const bodies: string[] = [];
  for (const client of clients) bodies.push((await client.get("web")).body);
  return bodies;
}

async function write(method: string, path: string, body?: unknown): Promise<number> {
  const response = await sidecar.call(method, path, body);
  const answer = (await response.json()) as { revision: number };
  expect([response.status, answer]).toEqual([expect.toSatisfy(isSuccess), answer]);
  return answer.revision;
}

function isSuccess(status: number): boolean {
  return status === 200 || status === 201;
}

test("a table that is equal, or changes other services, touches no socket", async () => {
  const tunnel = await EchoTunnel.open(sidecar.ports[0] ?? 0, "web");
  await requestOnEach();
  const opened = [v1.connections, v2.connections];
  expect(await write("PUT", "/v1/services/web", web())).toBe(1);
  expect(await write("PATCH", "/v1/services/web/weights", { v1: 50, v2: 50 })).toBe(1);
  expect(await write("PUT", "/v1/services/shop", { versions: { v1: { endpoints: [] } } })).toBe(2);
  expect(await write("DELETE", "/v1/services/shop")).toBe(3);
  const bodies = await requestOnEach();
  await tunnel.more(5);
  expect([v1.connections, v2.connections]).toEqual(opened);
  expect(clients.map(({ isOpen }) => isOpen)).toEqual(clients.map(() => true));
  expect([tunnel.isOpen, tunnel.wrong]).toEqual([true, 0]);
  // They still go where they should.
  expect(new Set(bodies)).toEqual(new Set(["v1", "v2"]));
  tunnel.close();
});

test("a shift, a policy and a new version keep connections to endpoints that stay", async () => {
  await requestOnEach();
  const opened = [v1.connections, v2.connections];
  await write("PATCH", "/v1/services/web/weights", { v1: 0, v2: 100 });
  expect(new Set(await requestOnEach())).toEqual(new Set(["v2"]));
  await write("PATCH", "/v1/services/web/weights", { v1: 100, v2: 0 });
  await write("PUT", "/v1/services/web", { ...web(), timeout: "7s", debug: true });
  using v3 = await VersionOrigin.start("v3");
  const versions = {
    v1: { weight: 50, endpoints: [v1.address] },
    v2: { weight: 50, endpoints: [v2.address] },
    v3: { weight: 50, endpoints: [v3.address] },
  };
  await write("PUT", "/v1/services/web", { versions });
  expect(new Set(await requestOnEach())).toEqual(new Set(["v1", "v2", "v3"]));
  expect([v1.connections, v2.connections]).toEqual(opened);
  expect(clients.map(({ isOpen }) => isOpen)).toEqual(clients.map(() => true));
});

test("an endpoint removed under load loses no request, and gets none afterwards", async () => {
  using spare = await VersionOrigin.start("v1");
  const withSpare = { v1: { endpoints: [v1.address, spare.address] } };
  const without = { v1: { endpoints: [v1.address] } };
  const failures: Answered[] = [];
  const [port = 0] = sidecar.ports;
  await using load = new Load({ port, host: "web", connections: 16 }, (answered) => {
    if (answered.status !== 200) failures.push(answered);
  });
  for (let round = 0; round < 20; round += 1) {
    await write("PUT", "/v1/services/web", { versions: withSpare });
    await load.more(64);
    await write("PUT", "/v1/services/web", { versions: without });
    // What was under way to it when the table came may still arrive; then it is quiet.
    await load.more(64);
    const { requests } = spare;
    await load.more(32);
    expect(spare.requests).toBe(requests);
  }
  await load.stop();
  expect(failures).toEqual([]);
  expect({ lost: load.lost, closed: load.closed }).toEqual({ lost: 0, closed: 0 });
  expect(spare.requests).toBeGreaterThan(100);
});

test("a removed service is 404 for new requests; what is under way stays", async () => {
  const tunnel = await EchoTunnel.open(sidecar.ports[0] ?? 0, "web");
  const held = Promise.withResolvers<void>();
  const slow: VersionOrigin["answer"] = (response) => {
    void held.promise.then(() => response.end("slow"));
  };
  v1.answer = slow;
  v2.answer = slow;
  const [first, second] = clients as [KeptConnection, KeptConnection];
  const underWay = first.get("web");
  // One of the requests so far was the tunnel's handshake, which is not counted.
  await eventually(() => expect(v1.requests + v2.requests).toBe(1));
  await write("DELETE", "/v1/services/web?force=true");
  expect(await second.get("web")).toMatchObject({
    status: 404,
    head: expect.stringContaining("Proxy-Status: sluice; error=destination_not_found"),
  });
  held.resolve();
  expect(await underWay).toMatchObject({ status: 200, body: "slow" });
  await tunnel.more(5);
  expect([tunnel.isOpen, tunnel.wrong]).toEqual([true, 0]);
  tunnel.close();
});
