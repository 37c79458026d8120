import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type ServiceDocument, serviceSchema } from "../../control/config/service-schema.ts";
import type { Service } from "../../control/config/service.ts";
import { ConsulDiscovery } from "../../control/registry/consul-discovery.ts";
import { consulForTests } from "../support/consul-binary.ts";
import { consulDeps, type TestDeps } from "../support/consul-deps.ts";
import { TestAgent } from "../support/consul.ts";
import { eventually } from "../support/eventually.ts";

const binary = (await consulForTests()) ?? "";

function services(documents: Readonly<Record<string, ServiceDocument>>): Record<string, Service> {
  return Object.fromEntries(
    Object.entries(documents).map(([name, document]) => [name, serviceSchema.parse(document)]),
  );
}

const twoVersions = services({
  shop: {
    versions: {
      v1: { weight: 1, consul: { service: "web", version: "v1" } },
      v2: { weight: 1, consul: { service: "web", tag: "canary" } },
    },
  },
});

describe.skipIf(binary === "")("ConsulDiscovery", { timeout: 30_000 }, () => {
  let agent: TestAgent;
  let folder: string;
  let deps: TestDeps;
  let discovery: ConsulDiscovery;
  let changes: string[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "sluice-discovery-"));
  });
  beforeEach(async () => {
    agent = await TestAgent.start(binary);
    deps = consulDeps({ address: agent.address });
    open();
  });
  afterEach(async () => {
    await discovery.close();
    await deps[Symbol.asyncDispose]();
    await agent[Symbol.asyncDispose]();
  });
  afterAll(async () => rm(folder, { recursive: true }));

  function open(copyPath?: string): void {
    changes = [];
    discovery = new ConsulDiscovery(deps, { copyPath });
    discovery.onChange = (service) => void changes.push(service);
  }

  async function register(port: number, more: object = {}): Promise<void> {
    await agent.put("agent/service/register", {
      ID: `web-${port}`,
      Name: "web",
      Address: "127.0.0.1",
      Port: port,
      Meta: { version: "v1" },
      ...more,
    });
  }

  const seen = (version: string, service = "shop"): readonly string[] =>
    discovery
      .endpoints(service, version)
      .map(({ address, weight, healthy }) => `${address} ${weight} ${healthy ? "up" : "down"}`);

  test("endpoints() gives each version its own instances, with their weights", async () => {
    await register(1, { Weights: { Passing: 7, Warning: 1 } });
    await register(2, { Meta: { version: "v2" }, Tags: ["canary"] });
    discovery.update(twoVersions);
    await discovery.whenKnown();
    expect(seen("v1")).toEqual(["127.0.0.1:1 7 up"]);
    expect(seen("v2")).toEqual(["127.0.0.1:2 1 up"]);
    expect(changes).toEqual(["shop"]);
    await register(3);
    await eventually(() => expect(seen("v1")).toEqual(["127.0.0.1:1 7 up", "127.0.0.1:3 1 up"]));
    expect(changes).toEqual(["shop", "shop"]);
  });

  test("endpoints() follows a filter expression by a query of its own", async () => {
    await register(1);
    await register(2, { Meta: { version: "v1", zone: "b" } });
    const consul = { service: "web", filter: 'Service.Meta.zone == "b"' };
    discovery.update(services({ shop: { versions: { v1: { consul } } } }));
    await discovery.whenKnown();
    expect(seen("v1")).toEqual(["127.0.0.1:2 1 up"]);
  });

  test("update() begins, keeps and ends watches; new versions have endpoints at once", async () => {
    await register(1);
    discovery.update(twoVersions);
    await discovery.whenKnown();
    const more = services({ other: { versions: { v1: { consul: { service: "web" } } } } });
    discovery.update({ ...twoVersions, ...more });
    await eventually(() => expect(seen("v1", "other")).toEqual(["127.0.0.1:1 1 up"]));
    discovery.update({});
    expect(seen("v1")).toEqual([]);
  });

  test("onChange() is not called when no endpoint changes, as for a check's output", async () => {
    const Check = { CheckID: "ttl", TTL: "60s", Status: "passing" };
    await register(1, { Check });
    await register(2);
    discovery.update(twoVersions);
    await discovery.whenKnown();
    expect(changes).toEqual(["shop"]);
    await agent.put("agent/check/pass/ttl?note=again");
    await register(3, { Name: "unrelated" });
    await register(4);
    await eventually(() => expect(seen("v1")).toHaveLength(3));
    expect(changes).toEqual(["shop", "shop"]);
  });

  test("an instance that turns critical goes down after 3 s and stays in the list", async () => {
    await register(1, { Check: { CheckID: "ttl", TTL: "60s", Status: "passing" } });
    await register(2);
    discovery.update(twoVersions);
    await discovery.whenKnown();
    const startMs = performance.now();
    await agent.put("agent/check/fail/ttl");
    await eventually(() => expect(seen("v1")).toEqual(["127.0.0.1:1 1 down", "127.0.0.1:2 1 up"]));
    expect(performance.now() - startMs).toBeGreaterThan(2_900);
  });

  test("endpoints stay while the agent is away or comes back empty; staleness ends", async () => {
    await register(1);
    await register(2);
    discovery.update(twoVersions);
    await discovery.whenKnown();
    expect(discovery.stalenessMs()).toBe(0);
    await agent.kill();
    await eventually(() => expect(discovery.stalenessMs()).toBeGreaterThan(50));
    await agent.up();
    await eventually(() => expect(discovery.stalenessMs()).toBe(0), 15_000);
    expect(seen("v1")).toEqual(["127.0.0.1:1 1 up", "127.0.0.1:2 1 up"]);
    await register(2);
    await register(3);
    await eventually(() => expect(seen("v1")).toEqual(["127.0.0.1:2 1 up", "127.0.0.1:3 1 up"]));
    expect(changes).toEqual(["shop", "shop"]);
  });

  test("load() gives last known endpoints to a sidecar that starts without Consul", async () => {
    const copyPath = join(folder, "endpoints.json");
    open(copyPath);
    await register(1);
    discovery.update(twoVersions);
    await discovery.whenKnown();
    await discovery.close();
    await agent.kill();
    open(copyPath);
    await discovery.load();
    expect(seen("v1")).toEqual(["127.0.0.1:1 1 up"]);
    discovery.update(twoVersions);
    expect(seen("v1")).toEqual(["127.0.0.1:1 1 up"]);
    await eventually(() => expect(discovery.stalenessMs()).toBeGreaterThan(0));
  });

  test("100 services registered again within a second change nothing, at few queries", async () => {
    const names = Array.from({ length: 100 }, (_, index) => `web-${index}`);
    const registerAll = async (): Promise<unknown> =>
      Promise.all(names.map(async (Name, index) => register(1_000 + index, { Name, ID: Name })));
    await registerAll();
    const documents = names.map((name) => [
      name,
      { versions: { v1: { consul: { service: name } } } },
    ]);
    discovery.update(services(Object.fromEntries(documents) as Record<string, ServiceDocument>));
    await discovery.whenKnown();
    expect(changes.toSorted()).toEqual(names.toSorted());
    await registerAll();
    await register(5_000, { Name: "web-7", ID: "last" });
    await eventually(() => expect(changes.at(100)).toBe("web-7"));
    expect(changes).toHaveLength(101);
  });
});
