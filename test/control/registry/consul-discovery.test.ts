import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { ConsulSelector, Service } from "../../../control/config/service.ts";
import { ConsulDiscovery } from "../../../control/registry/consul-discovery.ts";
import { readService } from "../../../control/table/desired-table.ts";
import { untilAborted } from "../../../control/store/until-aborted.ts";
import { eventually } from "../../support/eventually.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { openConsulBed } from "../../support/fake-consul-bed.ts";
import type { FakeConsulBed } from "../../support/fake-consul-bed.ts";

/** An instance of version `version` as health/service gives it. */
function instance(version: string, port: number): object {
  const Service = { Address: "10.0.0.7", Port: port, Meta: { version } };
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

test("ConsulDiscovery finds the endpoints of each version by one query for their service", async () => {
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

test("ConsulDiscovery asks nothing more about a service that is gone", async () => {
  const bed = await openConsulBed();
  const { discovery: own, found } = await discovery(bed);
  bed.consul.health.set("web", [instance("v1", 1)]);
  const other = serviceOf({ v1: { service: "other" } });
  own.update({ web: WEB, other });
  await own.whenKnown();
  expect(found("v1")).toEqual(["10.0.0.7:1"]);
  own.update({ other });
  expect(found("v1")).toEqual([]);
  bed.consul.asked.length = 0;
  bed.consul.changed();
  const asked = (service: string): readonly string[] =>
    bed.consul.asked.filter((each) => each.includes(`health/service/${service}?`));
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

test("ConsulDiscovery does not take a version's last endpoint away on Consul's word alone", async () => {
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

test("ConsulDiscovery refuses an instance that cannot be by its id, and uses the others", async () => {
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

test("ConsulDiscovery takes no address from the disk that it would not take from Consul", async () => {
  const path = join(await temporaryFolder(), "endpoints.json");
  const endpoint = (address: string): object => ({ address, weight: 1, healthy: true });
  const addresses = ["10.0.0.7:1", "10.0.0.7:65536", "unix:/run/docker.sock", "WEB:1", "x\0:1"];
  await writeFile(path, JSON.stringify({ web: { v1: addresses.map(endpoint) } }));
  const { found } = await discovery(await openConsulBed(), path);
  expect(found("v1")).toEqual(["10.0.0.7:1"]);
});
