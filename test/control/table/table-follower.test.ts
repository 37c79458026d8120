import { expect, onTestFinished, test } from "vitest";
import { Serial } from "../../../control/base/serial.ts";
import { Events } from "../../../control/records/events.ts";
import { MemoryStore } from "../../../control/store/memory-store.ts";
import type { Store, StoredTable } from "../../../control/store/store.ts";
import { TableFollower } from "../../../control/table/table-follower.ts";
import { TableInForce } from "../../../control/table/table-in-force.ts";
import { eventually } from "../../support/eventually.ts";
import { fixedClock } from "../../support/fixed-clock.ts";
import { FakeDiscovery, shop, web } from "../../support/started-services.ts";

const FIRST: StoredTable = { revision: 1, services: { web } };
const ONE = { address: "10.0.0.1:1", weight: 1, healthy: true };
const CONSUL = { versions: { v1: { consul: { service: "web" } } } };

/** A follower of a store that holds `first`, which is in force. */
async function follower(over: Partial<Store> = {}, first = FIRST) {
  const applied: number[] = [];
  const logged: unknown[] = [];
  const note = (event: string): void => void logged.push(event);
  const discovery = new FakeDiscovery();
  const deps = {
    sink: { apply: async ({ revision }: { revision: number }) => void applied.push(revision) },
    events: new Events(fixedClock),
    log: { info: note, warn: note, error: note },
    discovery,
  };
  const held = new MemoryStore(first);
  let tell: (table: StoredTable) => void = () => undefined;
  const store: Store = {
    kind: "memory",
    problem: undefined,
    load: () => held.load(),
    save: (next, expected) => held.save(next, expected),
    follow: (onChange, signal) => {
      tell = onChange;
      return held.follow(onChange, signal);
    },
    reclaim: () => held.reclaim(),
    close: () => held.close(),
    ...over,
  };
  const current = new TableInForce(deps);
  await current.apply(current.read(first));
  const serial = new Serial(1);
  const followed = new TableFollower({ ...deps, store, current, serial });
  followed.hearDiscovery();
  followed.hearStore();
  onTestFinished(() => followed.close());
  const parts = { current, serial, store, discovery, applied, logged, events: deps.events };
  return { ...parts, follower: followed, tell: (table: StoredTable) => tell(table) };
}

test("TableFollower takes in a newer table, and tells which services changed", async () => {
  const { tell, current, events } = await follower();
  tell({ revision: 2, services: { shop } });
  await eventually(() => expect(current.table.revision).toBe(2));
  const [event] = events.since(0);
  expect(event).toMatchObject({ kind: "revision", revision: 2, action: "follow" });
  expect(event).toMatchObject({ services: ["shop", "web"] });
});

test("TableFollower takes in the last of many tables that come while a write runs", async () => {
  const { tell, serial, applied, follower: followed } = await follower();
  const write = Promise.withResolvers<void>();
  const running = serial.run(() => write.promise);
  for (const revision of [2, 3, 4]) tell({ revision, services: { shop } });
  write.resolve();
  await running;
  await followed.refresh("web");
  expect(applied).toEqual([1, 4]);
});

test("TableFollower asks the store when it hears of a table that is not newer", async () => {
  const { tell, store, current, follower: followed } = await follower();
  await store.save({ revision: 2, services: { shop } }, 1);
  tell({ revision: 1, services: {} });
  await followed.refresh("web");
  expect([...current.table.services.keys()]).toEqual(["shop"]);
});

test("TableFollower.adoptStored() applies nothing if the store has what is in force", async () => {
  const { follower: followed, applied } = await follower();
  await followed.adoptStored();
  expect(applied).toEqual([1]);
});

test("TableFollower.adoptStored() logs a store that cannot be read", async () => {
  const load = (): Promise<never> => Promise.reject(new Error("torn"));
  const { follower: followed, logged } = await follower({ load });
  await followed.adoptStored();
  expect(logged).toEqual(["table.apply.failed"]);
});

test("TableFollower logs a store that cannot be followed", async () => {
  const follow = (): Promise<never> => Promise.reject(new Error("gone"));
  const { logged } = await follower({ follow });
  await eventually(() => expect(logged).toEqual(["store.follow.failed"]));
});

test("TableFollower.close() ends what it hears of store and discovery", async () => {
  const first = { revision: 1, services: { web: CONSUL } };
  const { follower: followed, discovery, serial, applied } = await follower({}, first);
  discovery.found.set("web/v1", [ONE]);
  discovery.onChange("web");
  await serial.idle();
  expect(applied).toEqual([1, 1]);
  await followed.close();
  discovery.found.set("web/v1", []);
  discovery.onChange("web");
  await serial.idle();
  expect(applied).toEqual([1, 1]);
});

test("TableFollower says when nothing serves a service any more", async () => {
  const serving = { versions: { v1: { endpoints: ["10.0.0.1:1"] } } };
  const { tell, current, logged } = await follower({}, { revision: 1, services: { web: serving } });
  tell({ revision: 2, services: { shop } });
  await eventually(() => expect(current.table.revision).toBe(2));
  expect(logged).toEqual(["table.followed", "table.nothing-serves"]);
});
