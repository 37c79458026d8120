import { connect } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { networkInterfaces } from "node:os";
import { describe, expect, onTestFinished, test } from "vitest";
import { ListeningSockets } from "../../../control/workers/listening-sockets.ts";
import type { ClientConnection } from "../../../proxy/clients/client-connection.ts";
import { Listener } from "../../../proxy/clients/listener.ts";
import type { ListenerSnapshot } from "../../../proxy/table/snapshot.ts";
import type { Peer } from "../../../proxy/transport/peer.ts";
import { eventually } from "../../support/eventually.ts";
import { RawSocket } from "../../support/raw-socket.ts";
import type { RawTarget } from "../../support/raw-socket.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { ClientsBed } from "./clients-fixture.ts";

const GET = "GET / HTTP/1.1\r\nHost: web\r\n\r\n";

const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === "::1"),
);

type Listening = {
  readonly bed: ClientsBed;
  readonly listener: Listener;
  readonly target: RawTarget & { readonly port: number };
};

/** A worker that listens, on a port of 127.0.0.1 unless the test says where. */
async function listening(about: Partial<ListenerSnapshot> = {}): Promise<Listening> {
  const { bind = "127.0.0.1:0" } = about;
  const defaults = {
    bind,
    service: undefined,
    trustedPeers: [],
    connectionsMax: 100,
    proxyProtocol: false,
    protocols: ["h2", "http/1.1"] as const,
  };
  const bed = await ClientsBed.start();
  const sockets = new ListeningSockets();
  onTestFinished(() => sockets.closeAll());
  const listener = new Listener({ ...defaults, ...about }, bed.deps);
  await listener.listen(await sockets.open(bind));
  onTestFinished(() => listener.close());
  const port = Number(sockets.address(bind).split(":").at(-1));
  return { bed, listener, target: { port } };
}

async function open(target: RawTarget): Promise<RawSocket> {
  const client = await RawSocket.open(target);
  onTestFinished(() => client.close());
  return client;
}

/** Who the worker takes its one client for. */
async function peerOf({ deps }: ClientsBed): Promise<Peer> {
  const [connection] = await eventually(() => {
    if (deps.connections.size === 0) throw new Error("Nobody has come");
    return [...deps.connections];
  });
  return (connection as ClientConnection).peer;
}

/** The same for a client of this address of the loopback network. */
async function peerFrom(localAddress: string, trustedPeers: readonly string[]): Promise<Peer> {
  const { bed, target } = await listening({ trustedPeers });
  const socket = connect({ host: "127.0.0.1", localAddress, ...target });
  onTestFinished(() => void socket.destroy());
  await once(socket, "connect");
  return peerOf(bed);
}

describe("Listener", () => {
  test("serves whoever connects, for its service if it has one", async () => {
    const { bed, target } = await listening({ service: "web" });
    const client = await open(target);
    const response = await client.send("GET / HTTP/1.1\r\nHost: any\r\n\r\n").response();
    expect([response.status, bed.deps.connections.size]).toEqual([200, 1]);
    expect([...bed.deps.connections][0]?.service).toBe("web");
  });

  test.each([
    ["127.0.0.1", ["127.0.0.1"], true],
    ["127.0.0.2", ["127.0.0.1"], false],
    ["127.1.2.3", ["10.0.0.0/8", "127.1.0.0/16"], true],
    ["127.2.2.3", ["10.0.0.0/8", "127.1.0.0/16"], false],
    ["127.0.0.1", ["fd00::/8"], false],
    ["127.0.0.1", ["::1", "0.0.0.0/0"], true],
    ["127.0.0.1", [], false],
  ])("believes %s when it trusts %j: %j", async (address, trustedPeers, trusted) => {
    expect(await peerFrom(address, trustedPeers)).toEqual({ address, trusted });
  });

  test.skipIf(!hasIpv6)("names an IPv4 client of an IPv6 socket by its IPv4 address", async () => {
    const { bed, target } = await listening({ bind: "[::]:0", trustedPeers: ["127.0.0.0/8"] });
    await open(target);
    expect(await peerOf(bed)).toEqual({ address: "127.0.0.1", trusted: true });
  });

  test("knows no address of a client on a Unix socket, and believes none", async () => {
    const path = join(await temporaryFolder(), "s");
    const { bed } = await listening({ bind: `unix:${path}`, trustedPeers: ["0.0.0.0/0"] });
    const client = await open({ path });
    expect((await client.send(GET).response()).status).toBe(200);
    expect(await peerOf(bed)).toEqual({ address: "", trusted: false });
  });

  test("turns away and counts whoever comes above its bound, and only those", async () => {
    const { bed, target } = await listening({ connectionsMax: 1 });
    const first = await open(target);
    await first.send(GET).response();
    const second = await open(target);
    expect((await second.response()).status).toBe(503);
    expect(bed.deps.rejected.toRecord()).toEqual({ "too-many-connections": 1 });
    first.close();
    await eventually(() => expect(bed.deps.connections.size).toBe(0));
    expect((await (await open(target)).send(GET).response()).status).toBe(200);
  });

  test("close() accepts no more, and leaves the connections that are open", async () => {
    const { bed, listener, target } = await listening();
    const client = await open(target);
    await client.send(GET).response();
    listener.close();
    await expect(RawSocket.open(target)).rejects.toThrow("ECONNREFUSED");
    expect((await client.send(GET).response()).status).toBe(200);
    expect(bed.deps.connections.size).toBe(1);
  });
});
