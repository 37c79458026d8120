import { expect, test } from "vitest";
import { importedFrom } from "./import-fixture.ts";

const version = (value: string): object => ({ Filter: `Service.Meta.version == ${value}` });

test("each line of a splitter is a version, with the resolver's filters", () => {
  const { document, refusals, notes } = importedFrom({
    "service-splitter/web": {
      Splits: [
        { Weight: 90.5, ServiceSubset: "v1" },
        { Weight: 9.5, ServiceSubset: "v2" },
      ],
    },
    "service-resolver/web": {
      Subsets: { v1: version("v1"), v2: { Filter: '"canary" in Service.Tags' } },
    },
  });
  expect(document).toEqual({
    versions: {
      v1: { weight: 9_050, consul: { service: "web", version: "v1" } },
      v2: { weight: 950, consul: { service: "web", filter: '"canary" in Service.Tags' } },
    },
  });
  expect([refusals, notes]).toEqual([[], []]);
});

test("a line without a subset has the instances of the resolver's default subset", () => {
  const { document } = importedFrom({
    "service-splitter/web": { Splits: [{ Weight: 90 }, { Weight: 10, ServiceSubset: "v2" }] },
    "service-resolver/web": {
      DefaultSubset: "v1",
      Subsets: { v1: version("v1"), v2: version("v2") },
    },
  });
  expect(document).toEqual({
    versions: {
      web: { weight: 9_000, consul: { service: "web", version: "v1" } },
      v2: { weight: 1_000, consul: { service: "web", version: "v2" } },
    },
  });
});

test("a line without a subset has all instances when there is no default subset", () => {
  const { document } = importedFrom({
    "service-splitter/web": { Splits: [{ Weight: 100 }] },
    "service-resolver/web": { Subsets: { v1: version("v1") } },
  });
  expect(document).toEqual({
    versions: {
      web: { weight: 10_000, consul: { service: "web" } },
      v1: { weight: 0, consul: { service: "web", version: "v1" } },
    },
  });
});

test("two services with one name of a subset are two versions, each by its own resolver", () => {
  const { document } = importedFrom({
    "service-splitter/web": {
      Splits: [
        { Weight: 80, ServiceSubset: "v1" },
        { Weight: 20, Service: "other", ServiceSubset: "v1" },
      ],
    },
    "service-resolver/web": { Subsets: { v1: version("v1") } },
    "service-resolver/other": { Subsets: { v1: version("2.0") } },
  });
  expect(document).toEqual({
    versions: {
      v1: { weight: 8_000, consul: { service: "web", version: "v1" } },
      "other-v1": { weight: 2_000, consul: { service: "other", version: "2.0" } },
    },
  });
});

test("without a splitter the default subset gets everything, and comes first", () => {
  const { document } = importedFrom({
    "service-resolver/web": { DefaultSubset: "v2", Subsets: { v1: {}, v2: {} } },
  });
  expect(JSON.stringify(document)).toBe(
    JSON.stringify({
      versions: {
        v2: { weight: 1, consul: { service: "web" } },
        v1: { weight: 0, consul: { service: "web" } },
      },
    }),
  );
});

test("without a splitter and a default subset all instances get it, as in Consul", () => {
  const { document } = importedFrom({
    "service-resolver/web": { Subsets: { v1: version("v1"), v2: version("v2") } },
  });
  expect(document).toEqual({
    versions: {
      web: { weight: 1, consul: { service: "web" } },
      v1: { weight: 0, consul: { service: "web", version: "v1" } },
      v2: { weight: 0, consul: { service: "web", version: "v2" } },
    },
  });
});

test("a redirect leads to the instances of its target", () => {
  const { document } = importedFrom({
    "service-resolver/web": { Redirect: { Service: "new", ServiceSubset: "v2" } },
    "service-resolver/new": { Subsets: { v2: version("v2") } },
  });
  expect(document).toEqual({
    versions: { "new-v2": { weight: 1, consul: { service: "new", version: "v2" } } },
  });
});

test.each([
  [{ Datacenter: "dc2" }, "web-dc2", { service: "web", datacenter: "dc2" }],
  [
    { Service: "new", ServiceSubset: "v2", Datacenter: "dc2" },
    "new-v2-dc2",
    { service: "new", datacenter: "dc2", version: "v2" },
  ],
])("a redirect %j leads to another datacenter", (Redirect, name, consul) => {
  const { document, refusals } = importedFrom({
    "service-resolver/web": { Redirect },
    "service-resolver/new": { Subsets: { v2: version("v2") } },
  });
  expect(document).toEqual({ versions: { [name]: { weight: 1, consul } } });
  expect(refusals).toEqual([]);
});

test.each([
  [{ Datacenters: ["dc2"] }, "web-dc2", { service: "web", datacenter: "dc2" }],
  [
    { Targets: [{ Service: "backup", Datacenter: "dc2" }] },
    "backup-dc2",
    { service: "backup", datacenter: "dc2" },
  ],
])("a failover %j is a stable version of another datacenter", (failover, stable, consul) => {
  const { document, refusals } = importedFrom({
    "service-resolver/web": { Failover: { "*": failover } },
  });
  expect(document).toEqual({
    stable,
    versions: {
      web: { weight: 1, consul: { service: "web" } },
      [stable]: { weight: 0, consul },
    },
  });
  expect(refusals).toEqual([]);
});

test("subsets with names of digits, or of JavaScript's own, are versions", () => {
  const { document, refusals } = importedFrom({
    "service-splitter/web": {
      Splits: [
        { Weight: 40, ServiceSubset: "1" },
        { Weight: 60, ServiceSubset: "constructor" },
      ],
    },
    "service-resolver/web": {
      Subsets: { 1: version("1"), constructor: version("x"), toString: {} },
    },
  });
  expect(document).toEqual({
    versions: {
      v1: { weight: 4_000, consul: { service: "web", version: "1" } },
      constructor: { weight: 6_000, consul: { service: "web", version: "x" } },
      toString: { weight: 0, consul: { service: "web" } },
    },
  });
  expect(refusals).toEqual([]);
});

test("subsets that would be one version are refused", () => {
  const { refusals } = importedFrom({
    "service-splitter/web": { Splits: [{ Weight: 100, ServiceSubset: "1" }] },
    "service-resolver/web": { Subsets: { 1: {}, v1: {} } },
  });
  expect(refusals).toEqual([
    "version v1: two groups of instances would have this name; rename a subset in Consul",
  ]);
});

test("a failover of all to one is the service's stable, and said", () => {
  const { document, notes, refusals } = importedFrom({
    "service-splitter/web": {
      Splits: [
        { Weight: 90, ServiceSubset: "v1" },
        { Weight: 10, ServiceSubset: "v2" },
      ],
    },
    "service-resolver/web": {
      Subsets: { v1: {}, v2: {} },
      Failover: { "*": { Service: "backup" } },
    },
  });
  expect(document).toMatchObject({
    stable: "backup",
    versions: { backup: { weight: 0, consul: { service: "backup" } } },
  });
  expect(notes).toEqual(["Failover of web: all versions without instances fail over to backup"]);
  expect(refusals).toEqual([]);
});

test("failovers to more than one are refused", () => {
  const { refusals } = importedFrom({
    "service-resolver/web": {
      Failover: { "*": { Targets: [{ Service: "a" }, { Service: "b" }] } },
    },
  });
  const far = { "service-resolver/web": { Failover: { "*": { Datacenters: ["dc2", "dc3"] } } } };
  expect(importedFrom(far).refusals).toEqual(refusals);
  expect(refusals).toEqual([
    "Failover of web: versions fail over to one version here (`stable`), " +
      "which has no other behind it",
  ]);
});

test("the resolvers' timeouts are the service's, the longest where they differ", () => {
  const { document, notes } = importedFrom({
    "service-splitter/web": { Splits: [{ Weight: 50 }, { Weight: 50, Service: "other" }] },
    "service-resolver/web": { ConnectTimeout: "15s", RequestTimeout: "1m30s" },
    "service-resolver/other": { ConnectTimeout: "20s", RequestTimeout: "1m30s" },
  });
  expect(document).toMatchObject({ connectTimeout: "20s", timeout: "90s" });
  expect(notes).toEqual(["ConnectTimeout of web: all versions get that of other, 20s"]);
});

test("OnlyPassing that differs from consul.warningIsHealthy is noted", () => {
  const given = {
    "service-resolver/web": {
      DefaultSubset: "v1",
      Subsets: { v1: { OnlyPassing: true }, v2: { OnlyPassing: false } },
    },
  };
  expect(importedFrom(given, { warningIsHealthy: false }).notes).toEqual([
    "v2: without OnlyPassing Consul's mesh uses instances in state warning; here that takes " +
      "`consul: { warningIsHealthy: true }`",
  ]);
  expect(importedFrom(given, { warningIsHealthy: true }).notes).toEqual([
    "v1: OnlyPassing leaves out instances in state warning; `consul.warningIsHealthy` lets them in",
  ]);
});

test("lines of a nested splitter are versions with the product of the weights", () => {
  const { document } = importedFrom({
    "service-splitter/web": { Splits: [{ Weight: 90 }, { Weight: 10, Service: "beta" }] },
    "service-splitter/beta": {
      Splits: [
        { Weight: 50, ServiceSubset: "x" },
        { Weight: 50, ServiceSubset: "y" },
      ],
    },
    "service-resolver/beta": { Subsets: { x: version("x"), y: version("y") } },
  });
  expect(document).toEqual({
    versions: {
      web: { weight: 9_000, consul: { service: "web" } },
      "beta-x": { weight: 500, consul: { service: "beta", version: "x" } },
      "beta-y": { weight: 500, consul: { service: "beta", version: "y" } },
    },
  });
});
