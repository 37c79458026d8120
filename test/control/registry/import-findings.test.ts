import { expect, test } from "vitest";
import { ImportFindings } from "../../../control/registry/import-findings.ts";
import type { EntryKind } from "../../../control/registry/consul-keys.ts";

function found(kind: EntryKind, entry: Readonly<Record<string, unknown>>): ImportFindings {
  const findings = new ImportFindings();
  findings.inspect(kind, "web", { Kind: kind, Name: "web", ModifyIndex: 7, ...entry });
  return findings;
}

test("what Consul gives with every entry, and what is empty, is not worth a word", () => {
  const { refusals, notes } = found("service-resolver", {
    Redirect: null,
    Failover: {},
    LoadBalancer: { Policy: "least_request", HashPolicies: [] },
    PrioritizeByLocality: { Mode: "none" },
    Subsets: { v1: { OnlyPassing: false } },
    Later: { Nothing: "" },
  });
  expect([refusals, notes]).toEqual([[], []]);
});

test("a key is refused by its place in the entry, with advice", () => {
  const Splits = [{ Weight: 100 }, { Weight: 0, RequestHeaders: { Set: { "x-a": "1" } } }];
  expect(found("service-splitter", { Splits }).refusals).toEqual([
    "service-splitter web, Splits[1].RequestHeaders: Sluice does not change header fields by " +
      "configuration; a filter can (docs/filters.md)",
  ]);
});

test("a key of a Consul that is newer than we are is refused", () => {
  expect(found("service-resolver", { Subsets: { v1: { Color: "red" } } }).refusals).toEqual([
    "service-resolver web, Subsets.v1.Color: a key that this version does not know",
  ]);
});

test("what is harmless is noted with the reason", () => {
  const LoadBalancer = { Policy: "random", LeastRequestConfig: { ChoiceCount: 5 } };
  expect(found("service-resolver", { Meta: { team: "shop" }, LoadBalancer }).notes).toEqual([
    "service-resolver web, Meta: a service of Sluice has no labels",
    "service-resolver web, LoadBalancer.Policy: Sluice sends to the less loaded of two endpoints",
    "service-resolver web, LoadBalancer.LeastRequestConfig: Sluice compares two endpoints",
  ]);
});

test.each([
  [{ Splits: [{ Namespace: "default", Partition: "default" }] }, 0],
  [{ Namespace: "shop", Splits: [{ Namespace: "shop" }] }, 0],
  [{ Namespace: "shop", Splits: [{ Namespace: "default" }] }, 1],
  [{ Splits: [{ Namespace: "shop", Partition: "far" }] }, 2],
])("a namespace or partition is refused unless it is the entry's own: %j", (entry, refusals) => {
  expect(found("service-splitter", entry).refusals).toHaveLength(refusals);
});

test.each([
  ["Redirect.Peer", { Redirect: { Peer: "east" } }],
  ["Redirect.SamenessGroup", { Redirect: { SamenessGroup: "all" } }],
  ["Failover.v1.Targets[0].Peer", { Failover: { v1: { Targets: [{ Peer: "east" }] } } }],
  ["Failover.v1.Policy.Mode", { Failover: { v1: { Policy: { Mode: "order-by-locality" } } } }],
  ["PrioritizeByLocality.Mode", { PrioritizeByLocality: { Mode: "failover" } }],
  ["LoadBalancer.Policy", { LoadBalancer: { Policy: "maglev" } }],
  ["LoadBalancer.HashPolicies", { LoadBalancer: { HashPolicies: [{ SourceIP: true }] } }],
])("%s of a resolver is refused", (path, entry) => {
  expect(found("service-resolver", entry).refusals).toEqual([
    expect.stringContaining(`service-resolver web, ${path}: `),
  ]);
});
