import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { SluiceEvent } from "../../../control/records/sluice-event.ts";
import { systemClock } from "../../../proxy/base/clock.ts";
import type { ConsulSelector, Service } from "../../../control/config/service.ts";
import { ConsulDiscovery } from "../../../control/registry/consul-discovery.ts";
import { readService } from "../../../control/config/read-service.ts";
import { untilAborted } from "../../../control/store/until-aborted.ts";
import { eventually } from "../../support/eventually.ts";
import { openConsulBed } from "../../support/fake-consul-bed.ts";
import type { FakeConsulBed } from "../../support/fake-consul-bed.ts";

/** An instance of version `version` as health/service gives it. */
function instance(version: string, port: number, meta: object = {}): object {
  const Service = { Address: "10.0.0.7", Port: port, Meta: { version, ...meta } };
  return { Node: { Address: "10.0.0.1" }, Service };
}

/** A service whose versions are found by these selectors. */
function serviceOf(selectors: Record<string, Partial<ConsulSelector>>): Service {
  const versions = Object.entries(selectors).map(
    ([name, consul]) => [name, { weight: 1, consul }] as const,
  );
  return readService("web", { versions: Object.fromEntries(versions) });
}

const WEB = serviceOf({
  v1: { service: "web", version: "v1" },
  v2: { service: "web", version: "v2" },
});

/** Discovery over a bed, with what it told. */
async function discovery({ deps, run }: FakeConsulBed, copyPath?: string) {
  const told: string[] = [];
  const own = new ConsulDiscovery(deps, { copyPath });
  own.onChange = (service) => void told.push(service);
  await own.load();
  run(async (signal) => {
    await untilAborted(signal);
    await own.close();
  });
  const found = (version: string): readonly string[] =>
    own.endpoints("web", version).map(({ address }) => address);
  return { discovery: own, told, found };
}

test("ConsulDiscovery finds all versions' endpoints with one query for a service", async () => {
  const bed = await openConsulBed();
  bed.consul.health.set("web", [instance("v1", 1), instance("v2", 2), instance("v1", 3)]);
  const { discovery: own, told, found } = await discovery(bed);
  own.update({ web: WEB });
  await own.whenKnown();
  expect([found("v1"), found("v2")]).toEqual([["10.0.0.7:1", "10.0.0.7:3"], ["10.0.0.7:2"]]);
  expect(told).toEqual(["web"]);
  expect(new Set(bed.consul.asked.map((asked) => asked.split("?")[0])).size).toBe(1);
  expect(own.stalenessMs()).toBe(0);
});

test("ConsulDiscovery tells of an endpoint that comes", async () => {
  const bed = await openConsulBed();
  bed.consul.health.set("web", [instance("v1", 1)]);
  const { discovery: own, told, found } = await discovery(bed);
  own.update({ web: WEB });
  await own.whenKnown();
  bed.consul.health.set("web", [instance("v1", 1), instance("v2", 2)]);
  bed.consul.changed();
  await eventually(() => expect(found("v2")).toEqual(["10.0.0.7:2"]));
  expect(told).toEqual(["web", "web"]);
});

test("ConsulDiscovery names versions that only Consul has, of this service", async () => {
  const bed = await openConsulBed();
  bed.consul.health.set("web", [instance("v1", 1), instance("v9", 2)]);
  const { discovery: own } = await discovery(bed);
  const v1 = { consul: { service: "web", version: "v1" } };
  own.update({ web: readService("web", { versions: { v1 } }), other: WEB });
  await own.whenKnown();
  expect(own.newVersions("web")).toEqual([{ name: "v9", like: "v1" }]);
  expect(own.newVersions("none")).toEqual([]);
});

test("ConsulDiscovery asks nothing more about a service that is gone", async () => {
  const bed = await openConsulBed();
  const { discovery: own, found } = await discovery(bed);
  bed.consul.health.set("web", [instance("v1", 1)]);
  const other = serviceOf({ v1: { service: "other" } });
  own.update({ web: WEB, other });
  await own.whenKnown();
  expect(found("v1")).toEqual(["10.0.0.7:1"]);
  const asked = (service: string): readonly string[] =>
    bed.consul.asked.filter((each) => each.includes(`health/service/${service}?`));
  // The second one waits for a change: nothing is on its way any more.
  await eventually(() => expect(asked("web")).toHaveLength(2));
  own.update({ other });
  expect(found("v1")).toEqual([]);
  bed.consul.asked.length = 0;
  bed.consul.changed();
  await eventually(() => expect(asked("other").length).toBeGreaterThan(1));
  expect(asked("web")).toEqual([]);
});

test("ConsulDiscovery keeps endpoints on disk, for a start without Consul", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sluice-endpoints-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, "endpoints.json");
  const bed = await openConsulBed();
  bed.consul.health.set("web", [instance("v1", 1)]);
  const first = await discovery(bed, path);
  first.discovery.update({ web: WEB });
  await first.discovery.whenKnown();
  await first.discovery.close();
  bed.consul.fault = { kind: "answer", status: 500, text: "No cluster leader" };
  const second = await discovery(bed, path);
  expect(second.found("v1")).toEqual(["10.0.0.7:1"]);
  second.discovery.update({ web: serviceOf({ v1: { service: "web", version: "v1" } }) });
  // A failure is enough for a version that the copy has endpoints of.
  await second.discovery.whenKnown();
  expect(second.found("v1")).toEqual(["10.0.0.7:1"]);
});

test("ConsulDiscovery keeps a version's last endpoint against Consul's word alone", async () => {
  const bed = await openConsulBed();
  bed.consul.health.set("web", [instance("v1", 1)]);
  const { discovery: own, found } = await discovery(bed);
  own.update({ web: WEB });
  await own.whenKnown();
  const asked = bed.consul.asked.length;
  bed.consul.health.set("web", []);
  bed.consul.changed();
  await eventually(() => expect(bed.consul.asked.length).toBeGreaterThan(asked));
  expect(found("v1")).toEqual(["10.0.0.7:1"]);
});

test("ConsulDiscovery refuses an impossible instance by its id, and uses the others", async () => {
  const bed = await openConsulBed();
  const bad = { Node: { Address: "10.0.0.1" }, Service: { ID: "web-bad", Port: 70_000 } };
  const all = serviceOf({ v1: { service: "web" } });
  bed.consul.health.set("web", [instance("v1", 1), bad]);
  const { discovery: own, found } = await discovery(bed);
  own.update({ web: all });
  await own.whenKnown();
  expect(found("v1")).toEqual(["10.0.0.7:1", "10.0.0.1:70000 (web-bad)"]);
  expect(own.endpoints("web", "v1").map(({ healthy }) => healthy)).toEqual([true, false]);
  expect(bed.deps.lines.join()).toMatch(/discovery.refused.*instance web-bad: neither/);
  bed.consul.health.set("web", [instance("v1", 1), instance("v1", 2)]);
  bed.consul.changed();
  await eventually(() => expect(found("v1")).toEqual(["10.0.0.7:1", "10.0.0.7:2"]));
});

/** An instance with a check in this state; `maint` as `consul maint -service` makes it. */
function checked(version: string, port: number, status: string): object {
  const isOut = status === "maint";
  const CheckID = isOut ? "_service_maintenance:web" : "service:web";
  const Status = isOut ? "critical" : status;
  return { ...instance(version, port), Checks: [{ CheckID, Status }] };
}

/** Discovery of WEB, or of another service. A minute takes a second. */
async function inHurry(service = WEB) {
  const bed = await openConsulBed();
  const clock = {
    ...systemClock,
    nowMs: () => systemClock.nowMs() * 60,
    sleep: async (forMs: number, signal?: AbortSignal) => systemClock.sleep(forMs / 60, signal),
  };
  const events: SluiceEvent[] = [];
  const emit = (event: SluiceEvent): unknown => events.push(event);
  const hurried = { ...bed, deps: { ...bed.deps, clock, events: { emit } } };
  const own = (await discovery(hurried)).discovery;
  const say = (...instances: readonly object[]): void => {
    bed.consul.health.set("web", instances);
    bed.consul.changed();
  };
  const healthy = (version: string): readonly boolean[] =>
    own.endpoints("web", version).map((each) => each.healthy);
  say(instance("v1", 1), instance("v2", 2));
  own.update({ web: service });
  await own.whenKnown();
  return { say, healthy, events, lines: bed.deps.lines };
}

test("a canary's last instance in maintenance gives its share away at once", async () => {
  const { say, healthy, events } = await inHurry();
  say(instance("v1", 1), checked("v2", 2, "maint"));
  await eventually(() => expect(healthy("v2")).toEqual([false]));
  const about = { kind: "health", version: "v2", endpoint: "10.0.0.7:2" };
  expect(events).toMatchObject([{ ...about, reason: "Consul says maintenance" }]);
});

test.each([
  ["critical", [checked("v2", 2, "critical")], [false]],
  ["gone", [], []],
])("a canary's last instance that is %s gives its share to stable", async (_, v2, left) => {
  const { say, healthy, lines } = await inHurry();
  say(instance("v1", 1), ...v2);
  await eventually(() => expect(healthy("v2")).toEqual(left));
  expect(healthy("v1")).toEqual([true]);
  expect(lines.join()).not.toContain("discovery.kept");
});

test("a canary's share goes at once to a stable version that Consul does not know", async () => {
  const v1 = { weight: 1, endpoints: ["10.0.0.9:1"] };
  const v2 = { weight: 1, consul: { service: "web", version: "v2" } };
  const { say, healthy } = await inHurry(readService("web", { versions: { v1, v2 } }));
  say(checked("v2", 2, "critical"));
  await eventually(() => expect(healthy("v2")).toEqual([false]));
});

test.each([
  ["all is critical", [checked("v1", 1, "critical"), checked("v2", 2, "critical")]],
  ["all is gone", []],
  ["stable is in maintenance", [checked("v1", 1, "maint"), checked("v2", 2, "critical")]],
])("a canary keeps its last instance for the grace time when %s", async (_, instances) => {
  const { say, healthy, lines } = await inHurry();
  say(...instances);
  await eventually(() => expect(lines.join()).toMatch(/discovery.kept.*"version":"v2"/));
  expect(healthy("v2")).toEqual([true]);
  await eventually(() => expect(healthy("v2")).not.toContain(true));
});

test("a canary that is kept while stable is ill gives way when stable is back", async () => {
  const { say, healthy, lines } = await inHurry();
  say(checked("v2", 2, "critical"));
  await eventually(() => expect(lines.join()).toMatch(/discovery.kept.*"version":"v2"/));
  say(instance("v1", 1), checked("v2", 2, "critical"));
  await eventually(() => expect(healthy("v2")).toEqual([false]));
  expect(healthy("v1")).toEqual([true]);
});

test("of 10 000 instances the healthy ones are used, and that is said once", async () => {
  const bed = await openConsulBed();
  const all = (critical: number): readonly object[] =>
    Array.from({ length: 10_000 }, (_, index) => {
      const status = index < critical ? "critical" : "passing";
      return checked("v1", 10_001 + index, status);
    });
  bed.consul.health.set("web", all(9_000));
  const { discovery: own } = await discovery(bed);
  own.update({ web: serviceOf({ v1: { service: "web" } }) });
  await own.whenKnown();
  const healthy = (): number => own.endpoints("web", "v1").filter((each) => each.healthy).length;
  expect([own.endpoints("web", "v1").length, healthy()]).toEqual([4_096, 1_000]);
  expect(own.problems).toEqual([
    "instances: Consul has more than are used for web v1, healthy ones first",
  ]);
  bed.consul.health.set("web", all(0));
  bed.consul.changed();
  await eventually(() => expect(healthy()).toBe(4_096), 10_000);
  expect(bed.deps.lines.filter((line) => line.includes("discovery.too_many"))).toHaveLength(1);
});

test("ConsulDiscovery tells what Meta says of a version, and what cannot be read", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sluice-endpoints-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, "endpoints.json");
  const bed = await openConsulBed();
  bed.consul.health.set("web", [instance("v1", 1), instance("v2", 2, { "sluice-writes": "2" })]);
  const first = await discovery(bed, path);
  const { discovery: own, told } = first;
  const said = (from = own): readonly unknown[] =>
    ["v1", "v2"].map((name) => from.endpoints("web", name)[0]?.compat);
  const v2 = { reads: [2], writes: 2, requires: {} };
  own.update({ web: WEB });
  await own.whenKnown();
  expect([said(), own.problems]).toEqual([[undefined, v2], []]);
  const bad = [
    instance("v1", 1, { "sluice-writes": "?" }),
    instance("v2", 2, { "sluice-reads": "1, 2", "sluice-writes": "2" }),
  ];
  bed.consul.health.set("web", bad);
  bed.consul.changed();
  await eventually(() => expect(said()).toEqual([undefined, { ...v2, reads: [1, 2] }]));
  expect(told).toEqual(["web", "web"]);
  expect(own.problems).toEqual(['compat by Consul\'s Meta: web v1: cannot read sluice-writes "?"']);
  expect(bed.deps.lines.filter((line) => line.includes("discovery.compat"))).toHaveLength(1);
  await own.close();
  const second = await discovery(bed, path);
  expect(said(second.discovery)).toEqual([undefined, { ...v2, reads: [1, 2] }]);
});
