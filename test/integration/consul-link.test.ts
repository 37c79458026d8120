import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Audit } from "../../control/records/audit.ts";
import type { Config } from "../../control/config/config-schema.ts";
import { readConfig } from "../../control/config/load.ts";
import { ConsulLink } from "../../control/registry/consul-link.ts";
import { Events } from "../../control/records/events.ts";
import { Services } from "../../control/table/services.ts";
import { MemoryStore } from "../../control/store/memory-store.ts";
import type { Store } from "../../control/store/store.ts";
import { systemClock } from "../../proxy/base/clock.ts";
import { jsonLog } from "../../proxy/base/log.ts";
import { seededRandom } from "../../proxy/base/random.ts";
import { consulForTests } from "../support/consul-binary.ts";
import { TestAgent } from "../support/consul.ts";
import { eventually } from "../support/eventually.ts";

const binary = (await consulForTests()) ?? "";
const context = { actor: "test", reason: undefined, ifMatch: "*" } as const;

/** The table is put back after 0.2 s instead of 5 to 10 s. */
const clock = {
  ...systemClock,
  sleep: async (forMs: number, signal?: AbortSignal): Promise<void> =>
    systemClock.sleep(forMs >= 5_000 ? 200 : forMs, signal),
};

/** The control side of a sidecar whose workers do at once what they are told. */
type Control = {
  readonly services: Services;
  readonly link: ConsulLink;
  readonly events: Events;
  readonly audit: Audit;
  readonly close: () => Promise<void>;
};

/** How one control side differs from the others. */
type How = {
  readonly splitter?: "follow" | "publish";
  /** What its workers do with a table. */
  readonly apply?: () => Promise<void>;
  readonly store?: Store;
  readonly settleMs?: number;
};

function versionOf(name: string, weight: number): object {
  return { weight, consul: { service: "web", version: name } };
}

describe.skipIf(binary === "")("ConsulLink", { timeout: 30_000 }, () => {
  let agent: TestAgent;
  let folder: string;
  let controls: Control[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "sluice-link-"));
    agent = await TestAgent.start(binary);
  });
  afterEach(async () => {
    await Promise.all(controls.map(async (control) => control.close()));
    controls = [];
    await agent[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  function configOf(sidecar: string, splitter?: "follow" | "publish"): Config {
    return readConfig(
      JSON.stringify({
        listeners: [{ bind: "127.0.0.1:0" }],
        store: { kind: "consul", prefix: "sluice" },
        consul: { address: agent.address, sidecar, copies: folder },
        register: { service: "edge", port: 8080 },
        services: {
          web: {
            versions: { v1: versionOf("v1", 90), v2: versionOf("v2", 10) },
            ...(splitter && { consul: { splitter } }),
          },
        },
      }),
      { file: "test", environment: {} },
    );
  }

  async function start(sidecar: string, how: How = {}): Promise<Control> {
    const { splitter, apply = async () => undefined, settleMs = 300 } = how;
    const config = configOf(sidecar, splitter);
    const log = jsonLog(
      () => undefined,
      () => 0,
    );
    const events = new Events(clock);
    const deps = { clock, random: seededRandom(4), log, events };
    if (config.consul === undefined) throw new Error("The configuration has lost Consul");
    const link = await ConsulLink.open(config, config.consul, deps);
    const audit = await Audit.open({ path: link.shared?.auditPath, clock });
    const sink = link.acknowledging({ apply });
    const { discovery } = link;
    const store = how.store ?? link.store;
    if (store === undefined) throw new Error("Neither the link nor the test has a store");
    const onRevision = link.revised.bind(link);
    const services = new Services({ store, sink, events, audit, log, discovery, onRevision });
    link.start();
    await services.start(config.documents);
    await link.settle(services, settleMs);
    link.arrive(services, `http://${sidecar}`, () => true);
    const close = async (): Promise<void> => {
      await link.detach();
      await services.close();
      await link.close();
    };
    const control = { services, link, events, audit, close };
    controls.push(control);
    return control;
  }

  async function register(version: string, port: number): Promise<void> {
    const place = { ID: `web-${port}`, Name: "web", Address: "127.0.0.1", Port: port };
    await agent.put("agent/service/register", { ...place, Meta: { version } });
  }

  /** `v1 90 127.0.0.1:1` for each version. */
  const view = ({ services }: Control): readonly string[] =>
    services.snapshot("web").versions.map(({ name, weight, endpoints }) => {
      const healthy = endpoints.filter((endpoint) => endpoint.healthy);
      return [name, weight, ...healthy.map(({ address }) => address)].join(" ");
    });

  test("a shift through one sidecar reaches the other, with Consul's endpoints", async () => {
    await register("v1", 1);
    await register("v2", 2);
    const a = await start("a");
    const b = await start("b");
    const { revision } = await a.services.shift("web", { v1: 50, v2: 50 }, context);
    expect(await a.link.fleet?.whoLags(revision, 5_000)).toEqual([]);
    const expected = ["v1 50 127.0.0.1:1", "v2 50 127.0.0.1:2"];
    await eventually(() => expect([view(a), view(b)]).toEqual([expected, expected]));
    const members = await b.link.fleet?.members();
    expect(members?.map(({ sidecar, api }) => `${sidecar} ${api}`)).toEqual([
      "a http://a",
      "b http://b",
    ]);
  });

  test("a revision is acknowledged when the workers act on it, and not before", async () => {
    const act = Promise.withResolvers<void>();
    const gates = [Promise.resolve(), act.promise];
    const a = await start("a", { apply: async () => gates.shift() });
    // It is in the fleet from the moment its session exists.
    const listed = async (): Promise<readonly string[] | undefined> =>
      (await a.link.fleet?.members())?.map(({ sidecar, revision }) => `${sidecar} ${revision}`);
    await eventually(async () => expect(await listed()).toEqual(["a 1"]));
    const shifting = a.services.shift("web", { v1: 50 }, context);
    await eventually(() => expect(gates).toEqual([]));
    const late = await a.link.fleet?.whoLags(2, 300);
    expect(late?.map(({ sidecar, revision }) => `${sidecar} ${revision}`)).toEqual(["a 1"]);
    act.resolve();
    await shifting;
    expect(await a.link.fleet?.whoLags(2, 5_000)).toEqual([]);
  });

  test("settle() waits for late endpoints, so that the first request finds them", async () => {
    await register("v1", 1);
    agent.freeze();
    const applied = Promise.withResolvers<void>();
    const apply = async (): Promise<void> => applied.resolve();
    const starting = start("a", { store: new MemoryStore(), apply, settleMs: 10_000 });
    await applied.promise;
    agent.thaw();
    // v2 has no endpoint to wait for.
    expect(view(await starting)).toEqual(["v1 90 127.0.0.1:1", "v2 10"]);
  });

  test("of two writers with the same revision one gets 412", async () => {
    const [a, b] = [await start("a"), await start("b")];
    const { revision } = a.services;
    const results = await Promise.allSettled([
      a.services.shift("web", { v1: 1 }, { ...context, ifMatch: revision }),
      b.services.shift("web", { v1: 2 }, { ...context, ifMatch: revision }),
    ]);
    const failed = results.filter((result) => result.status === "rejected");
    expect(failed.map(({ reason }) => (reason as { status: number }).status)).toEqual([412]);
    await eventually(() => expect(view(a)).toEqual(view(b)));
  });

  test("without Consul the last table and endpoints are in force, and it says so", async () => {
    await register("v1", 1);
    const first = await start("alone");
    expect(view(first)).toEqual(["v1 90 127.0.0.1:1", "v2 10"]);
    await first.services.shift("web", { v1: 70, v2: 30 }, context);
    await first.close();
    controls = [];
    await agent.kill();
    const second = await start("alone");
    expect(view(second)).toEqual(["v1 70 127.0.0.1:1", "v2 30"]);
    const problem = expect.stringMatching(/Consul cannot be reached/) as string;
    expect(second.events.since(0)[0]).toMatchObject({ kind: "store", problem });
    expect(second.link.store?.problem).toMatch(/Consul cannot be reached/);
    expect(second.link.stale).toEqual([
      expect.stringMatching(/^endpoints: not confirmed by Consul for \d+ s/),
    ]);
    expect(second.link.stalenessMs()).toBeGreaterThan(0);
    await expect(second.services.shift("web", { v1: 0 }, context)).rejects.toMatchObject({
      status: 503,
    });
    await agent.up();
    // The agent has come back empty, and says so.
    const left = /^instances: Consul has none/;
    await eventually(() => {
      expect(second.link.store?.problem).toBeUndefined();
      expect(second.link.stale.filter((each) => !left.test(each))).toEqual([]);
    }, 15_000);
    expect(second.link.stalenessMs()).toBe(0);
    await second.services.shift("web", { v1: 60, v2: 40 }, context);
    expect(view(second)).toEqual(["v1 60 127.0.0.1:1", "v2 40"]);
    const entries = await second.audit.list({ limit: 10 });
    expect(entries.map(({ action, revision }) => `${action} ${revision}`)).toEqual([
      "shift 2",
      "shift 3",
    ]);
  });

  test("splitter: follow takes Consul's weights, and splitter: publish gives its own", async () => {
    await agent.put("config", { Kind: "service-defaults", Name: "web", Protocol: "http" });
    const Subsets = { v1: {}, v2: {} };
    await agent.put("config", { Kind: "service-resolver", Name: "web", Subsets });
    const a = await start("a", { splitter: "publish" });
    await a.services.shift("web", { v1: 25, v2: 75 }, context);
    type Entry = { readonly Splits: readonly { readonly Weight: number }[] } | undefined;
    const published = async (): Promise<readonly number[] | undefined> =>
      ((await agent.get("config/service-splitter/web")) as Entry)?.Splits.map(
        ({ Weight }) => Weight,
      );
    await eventually(async () => expect(await published()).toEqual([25, 75]));
    await a.services.put("web", configOf("a", "follow").documents["web"], context);
    await eventually(() => expect(view(a)).toEqual(["v1 2500", "v2 7500"]));
    const Splits = [{ Weight: 100, ServiceSubset: "v2" }];
    await agent.put("config", { Kind: "service-splitter", Name: "web", Splits });
    await eventually(() => expect(view(a)).toEqual(["v1 0", "v2 10000"]));
  });
});
