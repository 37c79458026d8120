import { expect, test } from "vitest";
import { systemClock } from "../../../proxy/base/clock.ts";
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

/** A watch of the service `web`, and what it told. */
async function watched(filter?: string, given?: FakeConsulBed) {
  const bed = given ?? (await openConsulBed());
  const told: number[] = [];
  const own: ServiceWatch = new ServiceWatch(bed.deps, {
    service: "web",
    filter,
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
  const { consul, watch } = await watched('Service.Tags contains "blue"');
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
  const { watch, consul, deps } = await watched("not a filter", bed);
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
    await eventually(() => expect(bed.consul.asked.length).toBeGreaterThan(1));
    laterMs = 30_000;
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
  const target = {
    service: "web",
    filter: undefined,
    onInstances: () => undefined,
  };
  const watch = new ServiceWatch(bed.deps, target);
  let isFirst = false;
  const first = watch.first.then(() => (isFirst = true));
  await watch.tried;
  expect(isFirst).toBe(false);
  expect(watch.instances).toBeUndefined();
  await watch.end();
  await first;
});
