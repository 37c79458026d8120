import { expect, onTestFinished, test } from "vitest";
import { RoutingTable } from "../../../proxy/table/routing-table.ts";
import { LiveServices } from "../../../proxy/upstream/live-services.ts";
import { eventually } from "../../support/eventually.ts";
import { RawOrigin } from "../../support/origin.ts";
import { serviceSnapshot } from "../table/service-fixture.ts";
import { endpointSnapshot, poolDeps, RecordingUser, toldOf } from "./pool-fixture.ts";

/** Services with these names, one version v1 each, at this address. */
function tableOf(names: readonly string[], address = "127.0.0.1:1"): RoutingTable {
  const endpoints = [endpointSnapshot(address)];
  const services = names.map((name) => serviceSnapshot({ v1: { weight: 1, endpoints } }, { name }));
  return RoutingTable.compile({ revision: 1, services });
}

function liveServices(table: RoutingTable): LiveServices {
  const services = new LiveServices(poolDeps());
  onTestFinished(() => services.close());
  services.replace(table);
  return services;
}

test("LiveServices.replace() keeps what lives on of a service, and lets the rest go", () => {
  const services = liveServices(tableOf(["a", "b"]));
  const [kept, gone] = [services.byName("a"), services.byName("b")];
  const next = tableOf(["a", "c"], "127.0.0.1:2");
  services.replace(next);
  expect(services.table).toBe(next);
  expect(services.byName("a")).toBe(kept);
  expect([...(kept?.pools[0]?.endpoints.keys() ?? [])]).toEqual(["127.0.0.1:2"]);
  expect([services.byName("b"), gone?.pools[0]?.usableCount]).toEqual([undefined, 0]);
  expect(services.byName("c")?.name).toBe("c");
});

test("LiveServices.replace() leaves alone a service that is one object in both tables", () => {
  const table = tableOf(["a", "b"]);
  const services = liveServices(table);
  const updated: string[] = [];
  for (const name of ["a", "b"]) {
    const live = services.byName(name);
    if (live !== undefined) live.update = () => updated.push(name);
  }
  const [changed] = tableOf(["b"], "127.0.0.1:2").services.values();
  const replace = changed === undefined ? [] : [changed.snapshot];
  services.replace(table.with({ revision: 2, replace, remove: [] }));
  expect(updated).toEqual(["b"]);
});

test("LiveServices.poolFor() of a version that is gone is a pool that takes nothing new", () => {
  const services = liveServices(tableOf(["a"]));
  expect(services.poolFor("a", "v1")).toBe(services.byName("a")?.pools[0]);
  for (const [service, version] of [
    ["a", "v2"],
    ["b", "v1"],
  ] as const) {
    const orphan = services.poolFor(service, version);
    expect([orphan.service, orphan.version, orphan.usableCount]).toEqual([service, version, 0]);
    expect(orphan.hasRoom(1)).toBe(false);
  }
});

test("LiveServices tells only of versions and endpoints that have something to tell", async () => {
  using origin = await RawOrigin.start();
  const services = liveServices(tableOf(["a", "b"], origin.address));
  expect([toldOf(services).versions, toldOf(services).endpoints]).toEqual([[], []]);
  const pool = services.poolFor("b", "v1");
  const user = new RecordingUser(pool);
  await user.open();
  pool.counters.exchange(200, 1);
  expect(toldOf(services).versions.map(({ service }) => service)).toEqual(["b"]);
  const attempts = [0, 0];
  const about = { service: "b", version: "v1", attempts, address: origin.address, ejectedForMs: 0 };
  expect(toldOf(services).endpoints).toEqual([{ ...about, inFlight: 1, idleConnections: 0 }]);
  user.release();
  expect(toldOf(services).endpoints).toEqual([{ ...about, inFlight: 0, idleConnections: 1 }]);
  services.close();
  await eventually(() => expect(pool.connections).toBe(0));
  expect(services.byName("b")).toBeUndefined();
});

/** Has it fail when somebody looks at what is told of a service. */
function forbidLooking(services: LiveServices, name: string): void {
  const get = (): never => expect.unreachable(`somebody looked at ${name}`);
  Object.defineProperty(services.byName(name), "pools", { get });
}

test("LiveServices does not even look at services that nothing came for, to tell of others", () => {
  const services = liveServices(tableOf(["a", "b", "gone"]));
  forbidLooking(services, "a");
  for (const name of ["b", "gone"]) {
    const live = services.enter(name);
    live?.pools[0]?.counters.exchange(200, 1);
  }
  services.replace(tableOf(["a", "b"]));
  expect(toldOf(services).versions.map(({ service }) => service)).toEqual(["b"]);
  expect(Object.values(toldOf(services)).flat()).toHaveLength(2);
});

test("LiveServices tells of panic and of limits that latency sets before anything comes", () => {
  const services = liveServices(tableOf(["a", "b"]));
  const [a, b] = [...services.table.services.values()].map(({ snapshot }) => snapshot);
  if (a === undefined || b === undefined) return expect.unreachable();
  const adaptive = { ...a, limits: { ...a.limits, adaptive: true } };
  const endpoints = [1, 2, 3].map((port) => {
    return { ...endpointSnapshot(`127.0.0.1:${port}`), healthy: port === 1 };
  });
  const ill = {
    ...b,
    ejection: { ...b.ejection, panicPercent: 50 },
    versions: b.versions.map((each) => ({ ...each, endpoints })),
  };
  const change = { revision: 2, replace: [adaptive, ill], remove: [] };
  services.replace(services.table.with(change));
  expect(toldOf(services).concurrency.map(({ service }) => service)).toEqual(["a"]);
  expect(toldOf(services).versions).toEqual([
    expect.objectContaining({ service: "b", isPanic: true }),
  ]);
});

test("LiveServices tells of many services in portions, each when it is asked for", () => {
  const names = Array.from({ length: 1_000 }, (_, at) => `s${at}`);
  const services = liveServices(tableOf(names));
  expect(services.tellers().map((tell) => tell().versions)).toEqual([[]]);
  for (const name of names) services.enter(name)?.pools[0]?.counters.exchange(200, 1);
  const tellers = services.tellers();
  // One version and one endpoint each.
  expect(tellers).toHaveLength(4);
  services.byName("s999")?.pools[0]?.counters.exchange(200, 1);
  const told = tellers.flatMap((tell) => tell().versions);
  expect(told.map(({ service }) => service)).toEqual(names);
  expect(told.at(-1)?.codes.reduce((sum, count) => sum + count)).toBe(2);
});
