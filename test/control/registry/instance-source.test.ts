import { expect, test } from "vitest";
import type { ConsulSelector } from "../../../control/config/service.ts";
import { areSame, instanceSource } from "../../../control/registry/instance-source.ts";

const QUERY: ConsulSelector = { query: "web", pollMs: 10_000 };

test("instanceSource() of a service asks for its health, of a query to execute it", () => {
  const service = { service: "a/b", filter: "x == 1", datacenter: "dc2" };
  expect(instanceSource(service)).toMatchObject({
    action: "read service a/b in dc2",
    about: { service: "a/b", datacenter: "dc2" },
    path: "health/service/a%2Fb",
    query: { dc: "dc2", filter: "x == 1" },
    everyMs: undefined,
  });
  expect(instanceSource({ query: "a/b", pollMs: 2_000 })).toMatchObject({
    action: "execute query a/b",
    about: { query: "a/b" },
    path: "query/a%2Fb/execute",
    query: {},
    everyMs: 2_000,
  });
});

test("instanceSource() in the mesh asks for the proxies", () => {
  expect(instanceSource({ service: "web", connect: true })).toMatchObject({
    action: "read proxies of service web",
    path: "health/connect/web",
    query: {},
  });
  expect(instanceSource({ ...QUERY, connect: true })).toMatchObject({
    path: "query/web/execute",
    query: { connect: "true" },
  });
});

test("instanceSource() reads what its own path answers", () => {
  expect(instanceSource({ service: "web" }).read("[]")).toEqual({
    instances: [],
    failover: undefined,
  });
  const answer = '{"Nodes":[],"Datacenter":"dc1","Failovers":0}';
  expect(instanceSource(QUERY).read(answer)).toMatchObject({ instances: [] });
  expect(() => instanceSource(QUERY).read("[]")).toThrow("Cannot execute query web");
});

const DIFFERENT: readonly ConsulSelector[] = [
  QUERY,
  { ...QUERY, pollMs: 5_000 },
  { ...QUERY, datacenter: "dc2" },
  { service: "web" },
  { service: "web", datacenter: "dc2" },
  { service: "web", filter: "dc2" },
  { service: "web", connect: true },
  { ...QUERY, connect: true },
];

test("instanceSource() has one key for selectors with one answer, and else another", () => {
  const keys = DIFFERENT.map((selector) => instanceSource(selector).key);
  expect(new Set(keys).size).toBe(DIFFERENT.length);
  expect(instanceSource({ ...QUERY, tag: "blue" }).key).toBe(keys[0]);
  expect(instanceSource({ service: "web", version: "v1" }).key).toBe(keys[3]);
});

test("areSame() tells selectors apart by all that they say", () => {
  const all = [...DIFFERENT, { ...QUERY, tag: "blue" }, { service: "web", version: "v1" }];
  for (const [index, left] of all.entries()) {
    const same = all.map((right) => areSame(left, { ...right }));
    expect(same).toEqual(all.map((_, other) => other === index));
  }
});
