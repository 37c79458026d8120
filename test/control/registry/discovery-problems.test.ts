import { expect, test } from "vitest";
import { discoveryProblems } from "../../../control/registry/discovery-problems.ts";

const WELL = {
  stalenessMs: 0,
  reasons: [],
  failovers: [],
  missing: [],
  kept: [],
  cut: [],
  compat: [],
  crowd: undefined,
};

test("discoveryProblems() has nothing to say when all is well", () => {
  expect(discoveryProblems(WELL)).toEqual([]);
});

test("discoveryProblems() says how long nothing was confirmed, and why, each reason once", () => {
  const reasons = ["Cannot read service a: no", "Cannot read service b: no"];
  const state = { ...WELL, stalenessMs: 11_200, reasons: [...reasons, ...reasons] };
  expect(discoveryProblems(state)).toEqual([
    "endpoints: not confirmed by Consul for 12 s " +
      "(Cannot read service a: no; Cannot read service b: no)",
  ]);
  expect(discoveryProblems({ ...WELL, stalenessMs: 1 })).toEqual([
    "endpoints: not confirmed by Consul for 1 s",
  ]);
});

test("discoveryProblems() names versions without instances, three of thousands", () => {
  const missing = Array.from({ length: 1_000 }, (_, index) => `web-${index} v1`);
  expect(discoveryProblems({ ...WELL, missing, kept: ["shop v1"] })).toEqual([
    "instances: Consul has none for web-0 v1; web-1 v1; web-2 v1; 997 more",
    "instances: Consul has none left for shop v1, kept a while",
  ]);
});

test("discoveryProblems() names queries that another datacenter answers", () => {
  const failovers = ["query web to datacenter dc2", "query shop to peer east"];
  expect(discoveryProblems({ ...WELL, failovers })).toEqual([
    "instances: Consul fails over query web to datacenter dc2; query shop to peer east",
  ]);
});

test("discoveryProblems() says that turns at the agent are short", () => {
  expect(discoveryProblems({ ...WELL, crowd: "connections: few" })).toEqual(["connections: few"]);
});

test("discoveryProblems() names versions that have more instances than are used", () => {
  expect(discoveryProblems({ ...WELL, cut: ["web v1"] })).toEqual([
    "instances: Consul has more than are used for web v1, healthy ones first",
  ]);
});

test("discoveryProblems() says what of Meta cannot be read", () => {
  const compat = ['web v1: cannot read sluice-writes "two"'];
  expect(discoveryProblems({ ...WELL, compat })).toEqual([
    `compat by Consul's Meta: web v1: cannot read sluice-writes "two"`,
  ]);
});
