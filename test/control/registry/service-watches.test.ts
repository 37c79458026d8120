import { expect, test } from "vitest";
import { ServiceWatches } from "../../../control/registry/service-watches.ts";
import { untilAborted } from "../../../control/store/until-aborted.ts";
import { openConsulBed } from "../../support/fake-consul-bed.ts";
import { eventually } from "../../support/eventually.ts";

async function watches() {
  const bed = await openConsulBed();
  const told: unknown[] = [];
  const own = new ServiceWatches(bed.deps, (watch) => told.push(watch));
  bed.run(async (signal) => {
    await untilAborted(signal);
    await own.close();
  });
  return { ...bed, own, told };
}

test("ServiceWatches has one watch for each thing that Consul is asked for", async () => {
  const { own, told, consul } = await watches();
  const web = own.of({ service: "web", version: "v1" });
  expect(own.of({ service: "web", tag: "blue" })).toBe(web);
  const filtered = own.of({ service: "web", filter: 'Service.Tags contains "blue"' });
  expect(filtered).not.toBe(web);
  const far = own.of({ service: "web", datacenter: "dc2" });
  expect(own.of({ service: "web", datacenter: "dc2", version: "v1" })).toBe(far);
  consul.queries.set("web", { Nodes: [] });
  const query = own.of({ query: "web", pollMs: 10_000 });
  expect(own.of({ query: "web", pollMs: 10_000, tag: "blue" })).toBe(query);
  const all = new Set([web, filtered, far, query]);
  await Promise.all([...all].map((watch) => watch.first));
  expect(all.size).toBe(4);
  expect(new Set(told)).toEqual(all);
  expect(consul.asked.join()).toMatch(/health\/service\/web\?dc=dc2/);
});

test("ServiceWatches ends what nobody uses any more", async () => {
  const { own, consul } = await watches();
  const [web, shop] = [own.of({ service: "web" }), own.of({ service: "shop" })];
  await Promise.all([web.first, shop.first]);
  const waits = (): number => consul.asked.filter((each) => each.endsWith("waits")).length;
  // The second of each waits for a change: nothing is on its way any more.
  await eventually(() => expect(waits()).toBe(4));
  own.keep(new Set([shop]));
  consul.asked.length = 0;
  consul.changed();
  await eventually(() => expect(consul.asked.join()).toContain("shop"));
  expect(consul.asked.join()).not.toContain("web");
  expect(own.of({ service: "web" })).not.toBe(web);
});

test("ServiceWatches is as stale as the worst of them, and says why", async () => {
  const { own, consul } = await watches();
  await own.of({ service: "web" }).first;
  await eventually(() => expect(own.stalenessMs()).toBe(0));
  consul.denied.add("service shop");
  await own.of({ service: "shop" }).tried;
  expect(own.stalenessMs()).toBeGreaterThan(0);
  expect(own.problems).toEqual([expect.stringContaining("no service:read of shop")]);
});

test("ServiceWatches gives each of many watches its turn", async () => {
  const { own, deps, consul } = await watches();
  const names = Array.from({ length: 161 }, (_, index) => `web-${index}`);
  const all = names.map((service) => own.of({ service }));
  await Promise.all(all.map((watch) => watch.first));
  // The last of them gets its turn for a wait when others give way, after 2 s and not 45.
  await eventually(() => expect(consul.asked.length).toBeGreaterThan(161));
  expect(deps.client.waitMs).toBeCloseTo((5_000 * 48) / 161);
});

test("ServiceWatches names the queries that are answered from elsewhere", async () => {
  const { own, consul } = await watches();
  const Node = { Node: { Address: "10.2.0.1" }, Service: { Port: 80 } };
  consul.queries.set("web", { Nodes: [Node], Datacenter: "dc2", Failovers: 1 });
  consul.queries.set("shop", { Nodes: [Node], Datacenter: "dc1", Failovers: 0 });
  const all = ["web", "shop"].map((query) => own.of({ query, pollMs: 10_000 }));
  await Promise.all(all.map((watch) => watch.first));
  expect(own.failovers).toEqual(["query web to datacenter dc2"]);
});

test("ServiceWatches of a thousand services warn of a dead agent ten times, not more", async () => {
  const { own, consul, deps } = await watches();
  consul.fault = { kind: "answer", status: 500, text: "No cluster leader" };
  const names = Array.from({ length: 1_000 }, (_, index) => `web-${index}`);
  await Promise.all(names.map(async (service) => own.of({ service }).tried));
  const lines = (): readonly string[] =>
    deps.lines.filter((line) => line.includes("discovery.stale"));
  // Not only the last one: on a slow machine the failures take more than the first second.
  await eventually(() => expect(lines().join("")).toMatch(/"more":\d+/), 15_000);
  expect(lines().length).toBeLessThan(100);
});
