import { expect, test } from "vitest";
import { systemClock } from "../../../proxy/base/clock.ts";
import { ServiceWatch } from "../../../control/registry/service-watch.ts";
import { untilAborted } from "../../../control/store/until-aborted.ts";
import { eventually } from "../../support/eventually.ts";
import { openConsulBed } from "../../support/fake-consul-bed.ts";

/** An instance as health/service gives it. */
function instance(port: number): object {
  return { Node: { Address: "10.0.0.1" }, Service: { Address: "10.0.0.7", Port: port } };
}

/** A watch of the service `web`, and what it told. */
async function watched(filter?: string) {
  const bed = await openConsulBed();
  const told: number[] = [];
  const own: ServiceWatch = new ServiceWatch(bed.deps, {
    service: "web",
    filter,
    waitMs: () => 60_000,
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

test("ServiceWatch.tried resolves with a failure, first does only with an answer or the end", async () => {
  const bed = await openConsulBed();
  bed.consul.fault = { kind: "answer", status: 500, text: "No cluster leader" };
  const target = {
    service: "web",
    filter: undefined,
    waitMs: () => 1,
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
