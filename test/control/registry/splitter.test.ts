import { expect, test } from "vitest";
import { followSplitter, publishSplitter } from "../../../control/registry/splitter.ts";
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
