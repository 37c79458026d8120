import { expect, test } from "vitest";
import type { Endpoint } from "../../../proxy/upstream/endpoint.ts";
import { IdleConnections } from "../../../proxy/upstream/idle-connections.ts";
import type { UpstreamConnection } from "../../../proxy/upstream/upstream-connection.ts";
import { RawOrigin } from "../../support/origin.ts";
import {
  endpointSnapshot,
  poolDeps,
  poolPolicy,
  RecordingUser,
  versionPool,
} from "./pool-fixture.ts";

type Resting = {
  readonly idle: IdleConnections;
  readonly connections: readonly UpstreamConnection[];
  readonly endpoint: Endpoint;
};

/** So many open connections to an origin, kept in the order in which they were made. */
async function resting(origin: RawOrigin, count: number): Promise<Resting> {
  const pool = versionPool([origin.address], poolPolicy(), poolDeps());
  const idle = new IdleConnections();
  const connections: UpstreamConnection[] = [];
  for (let made = 0; made < count; made += 1) {
    connections.push(await new RecordingUser(pool).open());
  }
  for (const connection of connections) idle.add(connection);
  return { idle, connections, endpoint: pool.endpoints.get(origin.address) as Endpoint };
}

test("IdleConnections.take() gives the one that was added last, and none twice", async () => {
  using origin = await RawOrigin.start();
  const { idle, connections, endpoint } = await resting(origin, 2);
  expect(idle.count(endpoint)).toBe(2);
  const taken = [idle.take(endpoint), idle.take(endpoint), idle.take(endpoint)];
  expect(taken).toEqual([connections[1], connections[0], undefined]);
  expect(idle.count(endpoint)).toBe(0);
});

test("IdleConnections.take() passes over those that do not stand any more", async () => {
  using origin = await RawOrigin.start();
  const { idle, connections, endpoint } = await resting(origin, 3);
  connections[2]?.transport.destroy();
  expect(idle.take(endpoint)).toBe(connections[1]);
  connections[0]?.transport.destroy();
  expect(idle.take(endpoint)).toBeUndefined();
});

test("IdleConnections.forget() takes one out wherever it is, and minds no absent one", async () => {
  using origin = await RawOrigin.start();
  const { idle, connections, endpoint } = await resting(origin, 3);
  const [first, second, third] = connections as [
    UpstreamConnection,
    UpstreamConnection,
    UpstreamConnection,
  ];
  idle.forget(second);
  idle.forget(second);
  expect([idle.take(endpoint), idle.take(endpoint)]).toEqual([third, first]);
  idle.forget(first);
  expect(idle.count(endpoint)).toBe(0);
});

test("IdleConnections.takeAny() looks only at endpoints of the usability wanted", async () => {
  using origin = await RawOrigin.start();
  const { idle, connections, endpoint } = await resting(origin, 1);
  const never = versionPool([endpointSnapshot("a:1")]).endpoints.values();
  const both = [...never, endpoint];
  expect(idle.takeAny(both, false)).toBeUndefined();
  endpoint.snapshot = { ...endpoint.snapshot, healthy: false };
  expect(idle.takeAny(both, true)).toBeUndefined();
  expect(idle.takeAny(both, false)).toBe(connections[0]);
});

test("IdleConnections.close() closes those of its endpoint and no others", async () => {
  using origin = await RawOrigin.start();
  using other = await RawOrigin.start();
  const { idle, connections, endpoint } = await resting(origin, 2);
  const elsewhere = await resting(other, 1);
  idle.add(elsewhere.connections[0] as UpstreamConnection);
  idle.close(endpoint);
  expect(connections.map(({ transport }) => transport.closed)).toEqual([true, true]);
  expect(idle.count(endpoint)).toBe(0);
  expect(elsewhere.connections[0]?.transport.closed).toBe(false);
  expect(idle.count(elsewhere.endpoint)).toBe(1);
});
