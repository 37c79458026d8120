import { expect, test } from "vitest";
import { Endpoint } from "../../../proxy/upstream/endpoint.ts";
import type { StreamConnection } from "../../../proxy/upstream/stream-connection.ts";
import { StreamConnections } from "../../../proxy/upstream/stream-connections.ts";
import { endpointSnapshot } from "./pool-fixture.ts";

/** A connection as the list sees it. */
class Listed {
  hasRoom = true;
  isUsed = false;
  isIdle = false;
  isRetired = false;
  readonly endpoint: Endpoint;

  constructor(endpoint: Endpoint) {
    this.endpoint = endpoint;
  }

  retire(): void {
    this.isRetired = true;
  }

  get asConnection(): StreamConnection {
    return this as unknown as StreamConnection;
  }
}

const well = new Endpoint(endpointSnapshot("10.0.0.1:1"), 0);
const ill = new Endpoint(endpointSnapshot("10.0.0.2:1", { healthy: false }), 0);

/** A list of one connection to each of these endpoints, in this order. */
function listOf(...endpoints: readonly Endpoint[]) {
  const list = new StreamConnections();
  const all = endpoints.map((endpoint) => new Listed(endpoint));
  for (const each of all) list.add(each.asConnection);
  return { list, all: all as [Listed, Listed, Listed] };
}

test("StreamConnections.withRoom() fills the oldest first, so that others come to rest", () => {
  const { list, all } = listOf(well, well, ill);
  expect(list.withRoom(well)).toBe(all[0]);
  all[0].isUsed = true;
  expect([list.withRoom(well), list.withRoom(well, true)]).toEqual([all[0], all[1]]);
  all[0].hasRoom = false;
  expect(list.withRoom(well)).toBe(all[1]);
  all[1].hasRoom = false;
  expect([list.withRoom(well), list.withRoom(ill)]).toEqual([undefined, all[2]]);
});

test("StreamConnections.anyWithRoom() passes over endpoints that may get nothing new", () => {
  const { list, all } = listOf(ill, well);
  expect([list.anyWithRoom([ill, well]), list.anyWithRoom([ill])]).toEqual([all[1], undefined]);
});

test("StreamConnections.forget() takes one away once", () => {
  const { list, all } = listOf(well, well);
  const [first] = all;
  const found = [list.forget(first.asConnection), list.forget(first.asConnection)];
  expect([...found, list.count, list.withRoom(well)]).toEqual([true, false, 1, all[1]]);
});

test("StreamConnections.closeOneInTheWay() closes one idle connection of an ill endpoint", () => {
  const { list, all } = listOf(well, ill, ill);
  expect(list.closeOneInTheWay()).toBe(false);
  for (const each of all) each.isIdle = true;
  expect(list.closeOneInTheWay()).toBe(true);
  expect(all.map(({ isRetired }) => isRetired)).toEqual([false, true, false]);
});

test("StreamConnections closes idle ones of an endpoint, or has all of them carry no more", () => {
  const { list, all } = listOf(well, well, ill);
  all[1].isIdle = true;
  expect([list.idleCount(well), list.idleCount(ill)]).toEqual([1, 0]);
  list.closeIdle(well);
  expect(all.map(({ isRetired }) => isRetired)).toEqual([false, true, false]);
  list.retire(well);
  expect(all.map(({ isRetired }) => isRetired)).toEqual([true, true, false]);
});
