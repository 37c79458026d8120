import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ConsulStore } from "../../../control/registry/consul-store.ts";
import { REVISION_MAX } from "../../../control/registry/table-document.ts";
import type { StoredTable } from "../../../control/store/store.ts";
import { describeStore } from "../../cases/store-cases.ts";
import { eventually } from "../../support/eventually.ts";
import { openConsulBed } from "../../support/fake-consul-bed.ts";
import type { FakeConsulBed } from "../../support/fake-consul-bed.ts";

const KEY = "sluice/table";
const ONE = tableOf(1);

/** A table that says by its weight which one it is. */
function tableOf(revision: number, weight = revision): StoredTable {
  const web = { versions: { v1: { weight, endpoints: ["127.0.0.1:3000"] } } };
  return { revision, services: { web } };
}

/** A store of this bed, with a copy on disk. */
async function storeOf({ deps }: FakeConsulBed): Promise<() => ConsulStore> {
  const folder = await mkdtemp(join(tmpdir(), "sluice-consul-store-"));
  const stores: ConsulStore[] = [];
  onTestFinished(async () => {
    // One that is open may still write its copy into the folder.
    await Promise.all(stores.map((store) => store.close()));
    await rm(folder, { recursive: true, force: true });
  });
  const copyPath = join(folder, "table.json");
  return () => {
    const store = new ConsulStore(deps, { prefix: "sluice", sidecar: "a", copyPath });
    stores.push(store);
    return store;
  };
}

describeStore("consul", async () => {
  const { deps } = await openConsulBed();
  return new ConsulStore(deps, { prefix: "sluice", sidecar: "a" });
});

test("ConsulStore.load() takes the copy while Consul is away, and says so", async () => {
  const bed = await openConsulBed();
  const open = await storeOf(bed);
  const first = open();
  await first.save(ONE, 0);
  await first.close();
  bed.consul.fault = { kind: "answer", status: 500, text: "No cluster leader" };
  const store = open();
  expect(await store.load()).toEqual(ONE);
  expect(store.problem).toContain("No cluster leader");
});

test("ConsulStore.load() without Consul and copy is an error that says why", async () => {
  const bed = await openConsulBed();
  bed.consul.fault = { kind: "answer", status: 500, text: "No cluster leader" };
  await expect((await storeOf(bed))().load()).rejects.toMatchObject({
    code: "store_unreadable",
    message: expect.stringContaining("No cluster leader"),
  });
});

test("ConsulStore.load() of no table takes the copy, and a save repairs it", async () => {
  const bed = await openConsulBed();
  const open = await storeOf(bed);
  const store = open();
  await store.save(ONE, 0);
  bed.consul.set(KEY, "nonsense");
  expect(await store.load()).toEqual(ONE);
  expect(store.problem).toContain("Cannot use the table");
  await store.save(tableOf(2), 1);
  expect(await open().load()).toEqual(tableOf(2));
  expect(store.problem).toBeUndefined();
});

test.each([
  [
    "100 000 services",
    { services: Object.fromEntries([...Array(1e5).keys()].map((n) => [n, {}])) },
  ],
  ["100 000 parts", { parts: [...Array(1e5).keys()].map(String), sha256: "" }],
  ["the last revision there is", { revision: Number.MAX_SAFE_INTEGER, services: {} }],
])(
  "ConsulStore keeps its table when a peer writes %s, and can write again",
  async (_name, fields) => {
    const bed = await openConsulBed();
    const store = (await storeOf(bed))();
    await store.save(ONE, 0);
    const heard: StoredTable[] = [];
    bed.run((signal) => store.follow((table) => void heard.push(table), signal));
    const asked = bed.consul.asked.length;
    bed.consul.set(KEY, JSON.stringify({ format: "sluice-table-1", revision: 2, ...fields }));
    await eventually(() => expect(store.problem).toContain("Cannot use the table in Consul"));
    expect(heard).toEqual([]);
    expect(bed.consul.asked.length - asked).toBeLessThan(10);
    await store.save(tableOf(2), 1);
    expect(store.problem).toBeUndefined();
    expect(await store.load()).toEqual(tableOf(2));
  },
);

test("ConsulStore.save() refuses a revision that nobody would read", async () => {
  const bed = await openConsulBed();
  const saved = (await storeOf(bed))().save(tableOf(REVISION_MAX + 1, 1), REVISION_MAX);
  await expect(saved).rejects.toMatchObject({ code: "store_unwritable" });
  expect(bed.consul.asked).toEqual([]);
});

test("ConsulStore.load() puts the table of the copy back when Consul has none", async () => {
  const bed = await openConsulBed();
  const open = await storeOf(bed);
  const store = open();
  await store.save(ONE, 0);
  await store.close();
  bed.consul.keys.clear();
  expect(await open().load()).toEqual(ONE);
  expect(bed.consul.keys.has(KEY)).toBe(true);
});

test("ConsulStore.save() that Consul refuses is an error that says why", async () => {
  const bed = await openConsulBed();
  bed.consul.fault = { kind: "answer", status: 403, text: "Permission denied" };
  await expect((await storeOf(bed))().save(ONE, 0)).rejects.toMatchObject({
    code: "store_unwritable",
    message: expect.stringContaining("Permission denied"),
  });
});

test("ConsulStore.follow() tells of what others write, and of nothing of its own", async () => {
  const bed = await openConsulBed();
  const open = await storeOf(bed);
  const [store, other] = [open(), open()];
  const heard: StoredTable[] = [];
  bed.run((signal) => store.follow((table) => void heard.push(table), signal));
  await store.save(ONE, 0);
  await other.save(tableOf(2), 1);
  await eventually(() => expect(heard).toEqual([tableOf(2)]));
  await store.save(tableOf(3), 2);
  await other.save(tableOf(4), 3);
  await eventually(() => expect(heard).toEqual([tableOf(2), tableOf(4)]));
});

test("ConsulStore.follow() puts back a table that somebody has deleted", async () => {
  const bed = await openConsulBed();
  const store = (await storeOf(bed))();
  await store.save(ONE, 0);
  const heard: StoredTable[] = [];
  bed.run((signal) => store.follow((table) => void heard.push(table), signal));
  await eventually(() => expect(bed.consul.asked.at(-1)).toContain("waits"));
  bed.consul.keys.clear();
  bed.consul.changed();
  await eventually(() => expect(bed.consul.keys.has(KEY)).toBe(true));
  await eventually(() => expect(store.problem).toBeUndefined());
  expect(heard).toEqual([]);
});
