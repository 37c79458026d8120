import { expect, test } from "vitest";
import { systemClock } from "../../../proxy/base/clock.ts";
import type { ConsulSelector } from "../../../control/config/service.ts";
import { ConsulError } from "../../../control/consul/consul-error.ts";
import { ServiceWatch } from "../../../control/registry/service-watch.ts";
import { untilAborted } from "../../../control/store/until-aborted.ts";
import { eventually } from "../../support/eventually.ts";
import { openConsulBed } from "../../support/fake-consul-bed.ts";
import type { FakeConsulBed } from "../../support/fake-consul-bed.ts";

/** An instance as health/service gives it. */
function instance(port: number): object {
  return { Node: { Address: "10.0.0.1" }, Service: { Address: "10.0.0.7", Port: port } };
}

/** ConsulError of a watch that went silent. */
const SILENT = new ConsulError("consul_timeout", "read service web", "Consul does not answer");

/** A watch of the service `web`, or of another selector, and what it told. */
async function watched(selector: ConsulSelector = { service: "web" }, given?: FakeConsulBed) {
  const bed = given ?? (await openConsulBed());
  const told: number[] = [];
  const own: ServiceWatch = new ServiceWatch(bed.deps, {
    selector,
    onInstances: () => void told.push(own.instances?.length ?? -1),
  });
  bed.run(async (signal) => {
    await untilAborted(signal);
    await own.end();
  });
  return { ...bed, told, watch: own };
}

test("ServiceWatch tells of the instances at first, and when they change", async () => {
  const { consul, watch, told } = await watched();
  await watch.first;
  expect(told).toEqual([0]);
  consul.health.set("web", [instance(1), instance(2)]);
  consul.changed();
  await eventually(() => expect(told).toEqual([0, 2]));
  expect(watch.stalenessMs(systemClock.nowMs())).toBe(0);
});

test("ServiceWatch has Consul apply the filter", async () => {
  const { consul, watch } = await watched({
    service: "web",
    filter: 'Service.Tags contains "blue"',
  });
  await watch.first;
  expect(decodeURIComponent(consul.asked[0] ?? "")).toContain("filter=Service.Tags");
});

test("ServiceWatch keeps what it knows while Consul is away, and says how old it is", async () => {
  const { consul, deps, watch, told } = await watched();
  consul.health.set("web", [instance(1)]);
  consul.changed();
  await eventually(() => expect(told.at(-1)).toBe(1));
  consul.fault = { kind: "answer", status: 500, text: "No cluster leader" };
  consul.changed();
  await eventually(() => expect(deps.lines.join()).toContain("discovery.stale"));
  expect(watch.instances).toMatchObject([{ address: "10.0.0.7:1" }]);
  expect(watch.stalenessMs(systemClock.nowMs() + 1_000)).toBeGreaterThanOrEqual(1_000);
});

test("ServiceWatch keeps what it knows when the token may read nothing any more", async () => {
  const { consul, deps, watch, told } = await watched();
  consul.health.set("web", [instance(1)]);
  consul.changed();
  await eventually(() => expect(told.at(-1)).toBe(1));
  consul.denied.add("service web");
  consul.changed();
  await eventually(() => expect(watch.problem).toMatch(/the token has no service:read of web/));
  expect(watch.instances).toHaveLength(1);
  expect(watch.stalenessMs(systemClock.nowMs() + 1)).toBeGreaterThan(0);
  expect(deps.lines.join()).toContain("discovery.stale");
  consul.denied.clear();
  consul.health.set("web", []);
  consul.changed();
  await eventually(() => expect(told.at(-1)).toBe(0));
  await eventually(() => expect(watch.problem).toBeUndefined());
  expect(deps.lines.join()).toContain("discovery.current");
});

test("ServiceWatch uses what Consul left of an answer, and says that it is not all", async () => {
  const { consul, watch, told } = await watched();
  await watch.first;
  consul.saysFiltered = true;
  consul.health.set("web", [instance(1)]);
  consul.changed();
  await eventually(() => expect(watch.problem).toMatch(/Filtered-By-ACLs/));
  expect(told).toEqual([0, 1]);
  consul.health.set("web", []);
  consul.changed();
  const asked = consul.asked.length;
  await eventually(() => expect(consul.asked.length).toBeGreaterThan(asked + 1));
  expect(watch.instances).toHaveLength(1);
});

test("ServiceWatch warns of a failure once, also when nothing has ever worked", async () => {
  const bed = await openConsulBed();
  bed.consul.fault = { kind: "answer", status: 400, text: "Failed to create boolean expression" };
  const { watch, consul, deps } = await watched({ service: "web", filter: "not" }, bed);
  await watch.tried;
  await eventually(() => expect(consul.asked.length).toBeGreaterThan(2));
  expect(deps.lines.filter((line) => line.includes("discovery.stale"))).toHaveLength(1);
  expect(watch.problem).toContain("Failed to create boolean expression");
});

test.each([
  ["was silent", SILENT, 30_000, 31_000],
  ["broke", new ConsulError("consul_unreachable", "read", "reset"), 0, 1_000],
])(
  "ServiceWatch whose connection %s is not up to date since then",
  async (_, error, from, below) => {
    const bed = await openConsulBed();
    let laterMs = 0;
    const nowMs = (): number => systemClock.nowMs() + laterMs;
    const deps = { ...bed.deps, clock: { ...bed.deps.clock, nowMs } };
    const { watch } = await watched(undefined, { ...bed, deps });
    await eventually(() => expect(watch.stalenessMs(nowMs())).toBe(0));
    const waits = (): number => bed.consul.asked.filter((each) => each.endsWith("waits")).length;
    await eventually(() => expect(waits()).toBe(2));
    laterMs = 30_000;
    // What comes next must not cover what this test looks at.
    bed.consul.fault = { kind: "silence" };
    bed.deps.client.dropWatches(error);
    await eventually(() => expect(watch.problem).toContain("Cannot read"));
    const staleMs = watch.stalenessMs(nowMs());
    expect(staleMs).toBeGreaterThanOrEqual(from);
    expect(staleMs).toBeLessThan(below);
  },
);

test("ServiceWatch.tried resolves after a failure too, first only with an answer", async () => {
  const bed = await openConsulBed();
  bed.consul.fault = { kind: "answer", status: 500, text: "No cluster leader" };
  const target = { selector: { service: "web" }, onInstances: () => undefined };
  const watch = new ServiceWatch(bed.deps, target);
  let isFirst = false;
  const first = watch.first.then(() => (isFirst = true));
  await watch.tried;
  expect(isFirst).toBe(false);
  expect(watch.instances).toBeUndefined();
  await watch.end();
  await first;
});

/** Answer of a prepared query, from its own datacenter or after a failover. */
function answerOf(ports: readonly number[], datacenter = "dc1"): object {
  const Failovers = datacenter === "dc1" ? 0 : 1;
  return { Nodes: ports.map(instance), Datacenter: datacenter, Failovers };
}

test("ServiceWatch polls a prepared query, and says when it fails over, and back", async () => {
  const bed = await openConsulBed();
  bed.consul.queries.set("web", answerOf([1]));
  const { consul, watch, told, deps } = await watched({ query: "web", pollMs: 1_000 }, bed);
  await watch.first;
  expect(watch.instances).toMatchObject([{ address: "10.0.0.7:1" }]);
  expect(watch.failover).toBeUndefined();
  consul.queries.set("web", answerOf([2, 3], "dc2"));
  await eventually(() => expect(told.at(-1)).toBe(2));
  expect(watch.failover).toBe("query web to datacenter dc2");
  expect(watch.stalenessMs(systemClock.nowMs())).toBe(0);
  consul.queries.set("web", answerOf([1]));
  await eventually(() => expect(told.at(-1)).toBe(1));
  expect(watch.failover).toBeUndefined();
  const lines = deps.lines.filter((line) => line.includes("discovery.fail"));
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { level: "warn", event: "discovery.failover", query: "web", to: "datacenter dc2" },
    { level: "info", event: "discovery.failback", query: "web" },
  ]);
});

test("ServiceWatch of a query that Consul does not know says so, and finds it later", async () => {
  const { consul, watch } = await watched({ query: "wbe", pollMs: 1_000 });
  await watch.tried;
  expect(watch.problem).toBe("Cannot execute query wbe: Consul answered 404 (Query not found)");
  expect(watch.instances).toBeUndefined();
  consul.queries.set("wbe", answerOf([1]));
  await watch.first;
  await eventually(() => expect(watch.problem).toBeUndefined());
});

test("ServiceWatch of a query is as old as its last answer when it fails", async () => {
  const bed = await openConsulBed();
  let laterMs = 0;
  const nowMs = (): number => systemClock.nowMs() + laterMs;
  const deps = { ...bed.deps, clock: { ...bed.deps.clock, nowMs } };
  bed.consul.queries.set("web", answerOf([1]));
  const { watch, consul } = await watched({ query: "web", pollMs: 1_000 }, { ...bed, deps });
  await eventually(() => expect(watch.stalenessMs(nowMs())).toBe(0));
  laterMs = 30_000;
  consul.fault = { kind: "answer", status: 500, text: "rpc error: EOF" };
  await eventually(() => expect(watch.problem).toContain("rpc error"));
  expect(watch.stalenessMs(nowMs())).toBeGreaterThanOrEqual(30_000);
  expect(watch.instances).toHaveLength(1);
});
