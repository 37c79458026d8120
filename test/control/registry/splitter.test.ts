import { expect, test } from "vitest";
import {
  followSplitter,
  importService,
  publishSplitter,
} from "../../../control/registry/splitter.ts";
import { eventually } from "../../support/eventually.ts";
import { openConsulBed } from "../../support/fake-consul-bed.ts";

const SPLITTER = {
  Kind: "service-splitter",
  Name: "web",
  Splits: [
    { Weight: 90, ServiceSubset: "v1" },
    { Weight: 10, ServiceSubset: "v2" },
  ],
  Meta: { team: "blue" },
  ModifyIndex: 4,
};

const RESOLVER = {
  Kind: "service-resolver",
  Name: "web",
  DefaultSubset: "v1",
  Subsets: { v1: { Filter: 'Service.Meta.version == "1"' }, v2: {} },
};

test("importService() makes a service of what Consul says of one", async () => {
  const { consul, deps } = await openConsulBed();
  consul.entries.set("service-splitter/web", SPLITTER);
  consul.entries.set("service-resolver/web", RESOLVER);
  const { versions } = await importService(deps.client, "web");
  expect(Object.entries(versions).map(([name, { weight }]) => [name, weight])).toEqual([
    ["v1", 9_000],
    ["v2", 1_000],
  ]);
});

test("importService() of a name that Consul knows no entry of is refused in words", async () => {
  const { deps } = await openConsulBed();
  await expect(importService(deps.client, "web")).rejects.toThrow(
    "Cannot import web: Consul has neither a service-splitter nor a service-resolver of that name",
  );
});

test("publishSplitter() changes weights, and keeps what else the entry says", async () => {
  const { consul, deps } = await openConsulBed();
  consul.entries.set("service-splitter/web", SPLITTER);
  await publishSplitter(deps.client, "web", { v1: 3, v2: 1 });
  const entry = consul.entries.get("service-splitter/web");
  expect(entry).toMatchObject({ Meta: { team: "blue" }, ModifyIndex: 5 });
  expect(entry?.["Splits"]).toMatchObject([
    { Weight: 75, ServiceSubset: "v1" },
    { Weight: 25, ServiceSubset: "v2" },
  ]);
});

test("publishSplitter() makes the entry that is not there", async () => {
  const { consul, deps } = await openConsulBed();
  await publishSplitter(deps.client, "web", { v1: 1 });
  expect(consul.entries.get("service-splitter/web")?.["Splits"]).toMatchObject([{ Weight: 100 }]);
});

test("publishSplitter() gives up after three tries against others that keep writing", async () => {
  const { consul, deps } = await openConsulBed();
  consul.entries.set("service-splitter/web", SPLITTER);
  // What is read is never what the compare-and-set meets.
  let reads = 0;
  consul.entries.get = (key) => {
    const entry = Map.prototype.get.call(consul.entries, key) as typeof SPLITTER | undefined;
    reads += 1;
    return entry && { ...entry, ModifyIndex: reads };
  };
  await expect(publishSplitter(deps.client, "web", { v1: 1 })).rejects.toThrow(
    "Cannot write service-splitter web: others keep changing it",
  );
  expect(consul.asked.filter((asked) => asked.startsWith("PUT"))).toHaveLength(3);
});

test("followSplitter() tells weights first and at each change, but no missing entry", async () => {
  const { consul, deps, run } = await openConsulBed();
  const told: unknown[] = [];
  const listener = {
    onWeights: (weights: Readonly<Record<string, number>>) => void told.push(weights),
    onFailure: () => void told.push("failed"),
  };
  run((signal) => followSplitter(deps, "web", listener, signal));
  await eventually(() => expect(consul.asked).toHaveLength(2));
  expect(told).toEqual([]);
  consul.entries.set("service-splitter/web", SPLITTER);
  consul.changed();
  await eventually(() => expect(told).toHaveLength(1));
  consul.entries.set("service-splitter/web", { ...SPLITTER, Splits: "nonsense" });
  consul.changed();
  await eventually(() => expect(told).toContain("failed"));
});
