import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { Events } from "../../../control/records/events.ts";
import { NO_TABLE, rediscovered, withDocuments } from "../../../control/table/desired-table.ts";
import { TableInForce } from "../../../control/table/table-in-force.ts";
import type { PreparedChange, TableSink } from "../../../control/table/table-sink.ts";
import type { VersionSnapshot } from "../../../proxy/table/snapshot.ts";
import { fixedClock } from "../../support/fixed-clock.ts";
import { FakeDiscovery, shop, web } from "../../support/started-services.ts";

const ONE = { address: "10.0.0.1:1", weight: 1, healthy: true };

function addressesOf(versions: readonly VersionSnapshot[]): string {
  return versions
    .flatMap(({ endpoints }) => endpoints)
    .map(({ address }) => address)
    .join(" ");
}

/** A table in force over a sink that notes what it gets. */
function inForce(sink: TableSink, discovery?: FakeDiscovery) {
  const logged: unknown[] = [];
  const note = (...line: unknown[]): void => void logged.push(line);
  const events = new Events(fixedClock);
  const log = { info: note, warn: note, error: note };
  return { current: new TableInForce({ sink, events, log, discovery }), events, logged };
}

test("TableInForce.apply() tells discovery what to watch before the workers hear", async () => {
  const discovery = new FakeDiscovery();
  const heard: unknown[] = [];
  const sink: TableSink = {
    apply: async ({ revision }, prepared) =>
      void heard.push(revision, prepared?.number, Object.keys(discovery.watched)),
  };
  const { current } = inForce(sink, discovery);
  expect(current.table).toBe(NO_TABLE);
  const prepared: PreparedChange = { number: 7 };
  await current.apply(current.read({ revision: 4, services: { web, shop } }), prepared);
  expect(heard).toEqual([4, 7, ["web", "shop"]]);
  expect(current.table.revision).toBe(4);
});

test("TableInForce.apply() has certificates with the workers before what needs them", async () => {
  const steps: string[] = [];
  const sink: TableSink = { apply: async ({ revision }) => void steps.push(`table ${revision}`) };
  const note = (): void => undefined;
  const current = new TableInForce({
    sink,
    events: new Events(fixedClock),
    log: { info: note, warn: note, error: note },
    certificates: {
      check: async () => undefined,
      add: async (services) => void steps.push(...services.keys()),
    },
    onTold: () => void steps.push("told"),
  });
  await current.apply(current.read({ revision: 4, services: { web, shop } }));
  expect(steps).toEqual(["web", "shop", "table 4", "told"]);
});

test("TableInForce.apply() keeps the change that the sink could not carry out", async () => {
  const { current } = inForce({ apply: () => Promise.reject(new Error("a worker is silent")) });
  const after = current.read({ revision: 4, services: { web } });
  await expect(current.apply(after)).rejects.toThrow("a worker is silent");
  expect(current.table).toBe(after);
});

test("TableInForce.refused has what cannot be used, until it is written anew or gone", async () => {
  const { current } = inForce({ apply: async () => undefined });
  const bad = { versions: {} };
  const names = (): string[] => [...current.refused.keys()];
  await current.apply(current.read({ revision: 4, services: { web, shop } }));
  expect(names()).toEqual([]);
  const read = current.read({ revision: 5, services: { web: bad, shop: bad, api: bad } });
  await current.apply(read);
  expect([...current.table.services.keys()]).toEqual(["web", "shop"]);
  expect(names()).toEqual(["web", "shop", "api"]);
  expect(current.refused.get("web")).toMatch(/^Cannot read service web: versions: wanted /);
  const changes = new Map([
    ["web", web],
    ["api", undefined],
  ]);
  await current.apply(withDocuments(current.table, changes, undefined));
  expect(names()).toEqual(["shop"]);
  await current.apply(current.read({ revision: 7, services: { shop } }));
  expect(names()).toEqual([]);
});

test("TableInForce.read() tells of services that cannot be used, and applies nothing", () => {
  const applied: unknown[] = [];
  const { current, events, logged } = inForce({
    apply: async (change) => void applied.push(change),
  });
  const table = current.read({ revision: 4, services: { web: { versions: {} }, shop } });
  expect([...table.services.keys()]).toEqual(["shop"]);
  expect(logged).toMatchObject([["service.refused", { service: "web" }]]);
  expect(events.since(0)).toMatchObject([{ kind: "service-refused", service: "web" }]);
  expect(current.table).toBe(NO_TABLE);
  expect(applied).toEqual([]);
});

test("TableInForce.apply() includes what discovery finds at once for new services", async () => {
  let settles = 0;
  const settled = async (): Promise<void> => {
    settles += 1;
    await turn();
    for (const name of ["web", "shop"]) discovery.found.set(`${name}/v1`, [ONE]);
  };
  const discovery = Object.assign(new FakeDiscovery(), { settled });
  const heard: string[] = [];
  const sink: TableSink = {
    apply: async ({ replace }) =>
      void heard.push(...replace.map(({ name, versions }) => `${name} ${addressesOf(versions)}`)),
  };
  const { current } = inForce(sink, discovery);
  const consul = { versions: { v1: { consul: { service: "web" } } } };
  await current.apply(current.read({ revision: 1, services: { web: consul } }));
  await current.apply(current.read({ revision: 2, services: { web: consul, shop: consul } }));
  expect(heard).toEqual(["web 10.0.0.1:1", "shop 10.0.0.1:1"]);
  // What discovery itself brings about waits for nothing.
  discovery.found.set("web/v1", []);
  await current.apply(rediscovered(current.table, ["web"], discovery));
  expect(heard.at(-1)).toBe("web ");
  expect(settles).toBe(2);
});
