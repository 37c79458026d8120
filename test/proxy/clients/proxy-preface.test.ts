import { expect, test } from "vitest";
import { ClientConnection } from "../../../proxy/clients/client-connection.ts";
import { ProxyPreface } from "../../../proxy/clients/proxy-preface.ts";
import { TrustedPeers } from "../../../proxy/clients/trusted-peers.ts";
import { eventually } from "../../support/eventually.ts";
import type { RawSocket } from "../../support/raw-socket.ts";
import { ClientsBed } from "./clients-fixture.ts";

const BALANCER = { address: "10.0.0.1", trusted: true };
const HEADER = "PROXY TCP4 203.0.113.9 10.0.0.1 56789 80\r\n";
const GET = "GET / HTTP/1.1\r\nHost: web\r\n\r\n";

type Open = {
  readonly bed: ClientsBed;
  readonly client: RawSocket;
  readonly connection: ClientConnection;
};

/** A connection of a balancer that is to say for whom it speaks. */
async function open(): Promise<Open> {
  const bed = await ClientsBed.start({ headTimeout: "3s" });
  const { client, accepted } = await bed.accept();
  const connection = new ClientConnection(accepted, BALANCER, "web", bed.deps);
  bed.deps.connections.add(connection);
  const trusted = new TrustedPeers(["10.0.0.0/8", "unix"]);
  new ProxyPreface(connection, { trusted, rejected: bed.deps.rejected, wantsEnds: false }).begin();
  return { bed, client, connection };
}

test.each([
  ["a stranger", HEADER, { address: "203.0.113.9", trusted: false }],
  [
    "another balancer",
    HEADER.replace("203.0.113.9", "10.9.9.9"),
    { address: "10.9.9.9", trusted: true },
  ],
  ["nobody else", "PROXY UNKNOWN\r\n", BALANCER],
])("a balancer that speaks for %s is who it says", async (_who, header, peer) => {
  const { client, connection } = await open();
  expect((await client.send(header + GET).response()).status).toBe(200);
  expect(connection.peer).toEqual(peer);
  expect((await client.send(GET).response()).status).toBe(200);
});

test("a header may come byte by byte, and the request any time later", async () => {
  const { bed, client, connection } = await open();
  await client.sendPieces(HEADER);
  await eventually(() => expect(connection.peer.address).toBe("203.0.113.9"));
  bed.time.advance(2_000);
  expect((await client.send(GET).response()).status).toBe(200);
  expect(bed.origin.requests[0]?.field("x-forwarded-for")).toBe("203.0.113.9");
});

test("a request instead of a header ends the connection, unanswered, and is counted", async () => {
  const { bed, client } = await open();
  client.send(GET);
  expect(await client.ended()).not.toBe("open");
  expect([client.text, bed.origin.requests.length]).toEqual(["", 0]);
  expect(bed.deps.rejected.toRecord()).toEqual({ "proxy-header-invalid": 1 });
  await eventually(() => expect(bed.deps.connections.size).toBe(0));
});

test("a header that is not whole in time ends the connection", async () => {
  const { bed, client } = await open();
  client.send(HEADER.slice(0, 20));
  await bed.serveOthers();
  bed.time.advance(3_100);
  expect(await client.ended()).not.toBe("open");
  await eventually(() => expect(bed.deps.connections.size).toBe(0));
});

test("a balancer that only looks whether we are there leaves nothing behind", async () => {
  const { bed, client } = await open();
  client.finish();
  expect(await client.ended()).not.toBe("open");
  await eventually(() => expect(bed.deps.connections.size).toBe(0));
  expect(bed.deps.rejected.toRecord()).toEqual({});
});

test("a connection is given away only once its header is whole, with its address", async () => {
  const { client, connection } = await open();
  client.send(HEADER.slice(0, 20));
  expect(connection.giveAway()).toBeUndefined();
  client.send(HEADER.slice(20));
  await eventually(() => expect(connection.peer.address).toBe("203.0.113.9"));
  const given = connection.giveAway();
  expect(given?.about.peer).toEqual({ address: "203.0.113.9", trusted: false });
  given?.handle.close();
});

test("a drain ends a connection whose header has not come", async () => {
  const { bed, client, connection } = await open();
  connection.closeWhenIdle();
  expect(await client.ended()).toBe("fin");
  client.finish();
  await eventually(() => expect(bed.deps.connections.size).toBe(0));
});
