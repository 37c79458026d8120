import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { ServiceDocument } from "../../control/config/service-schema.ts";
import { readService } from "../../control/config/read-service.ts";
import { ConsulDiscovery } from "../../control/registry/consul-discovery.ts";
import { consulForTests } from "../support/consul-binary.ts";
import { consulDeps } from "../support/consul-deps.ts";
import { TestAgent } from "../support/consul.ts";
import { eventually } from "../support/eventually.ts";

/*
 * Goal: endpoints in another datacenter, and those of a prepared query that fails over to it, are
 * found and followed, and it is reported when that does not work. Method: two real datacenters,
 * joined.
 */

const binary = (await consulForTests()) ?? "";
type Selector = NonNullable<ServiceDocument["versions"][string]["consul"]>;

describe.skipIf(binary === "")("Two datacenters", { timeout: 30_000 }, () => {
  let near: TestAgent;
  let far: TestAgent;

  beforeAll(async () => {
    [near, far] = await Promise.all([
      TestAgent.start(binary, { datacenter: "dc1" }),
      TestAgent.start(binary, { datacenter: "dc2", host: "127.0.0.2" }),
    ]);
    await near.joinWan(far, "dc2");
    await far.joinWan(near, "dc1");
  }, 60_000);
  afterAll(async () => {
    await near[Symbol.asyncDispose]();
    await far[Symbol.asyncDispose]();
  });

  async function register(agent: TestAgent, Port: number, Tags: readonly string[] = []) {
    const registration = { ID: `web-${Port}`, Name: "web", Address: "10.0.0.7", Port, Tags };
    await agent.put("agent/service/register", registration);
  }

  const take = async (agent: TestAgent, port: number): Promise<unknown> =>
    agent.put(`agent/service/deregister/web-${port}`);

  /** Discovery of version v1 by this selector, which ends with the test. */
  function discovery(consul: Selector) {
    const deps = consulDeps({ address: near.address, waitMs: 5_000 });
    const own = new ConsulDiscovery(deps);
    onTestFinished(async () => {
      await own.close();
      await deps[Symbol.asyncDispose]();
    });
    own.update({ web: readService("web", { versions: { v1: { consul } } }) });
    const found = (): readonly string[] =>
      own.endpoints("web", "v1").map(({ address }) => address.replace("10.0.0.7", ""));
    return { own, found, lines: deps.lines };
  }

  test("a version finds and follows the instances of another datacenter", async () => {
    await register(near, 11);
    await register(far, 21, ["blue"]);
    const { own, found } = discovery({ service: "web", datacenter: "dc2" });
    const blue = discovery({ service: "web", datacenter: "dc2", tag: "blue" });
    await own.whenKnown();
    expect(found()).toEqual([":21"]);
    await register(far, 22);
    await eventually(() => expect(found()).toEqual([":21", ":22"]));
    expect(blue.found()).toEqual([":21"]);
    expect([own.problems, own.stalenessMs()]).toEqual([[], 0]);
    await Promise.all([take(near, 11), take(far, 21), take(far, 22)]);
  });

  test("a prepared query's endpoints fail over to the other datacenter, and back", async () => {
    const query = { Name: "web-anywhere", Service: { Service: "web", Tags: ["blue"] } };
    const made = await fetch(`${near.address}/v1/query`, {
      method: "POST",
      body: JSON.stringify({
        ...query,
        Service: { ...query.Service, Failover: { Datacenters: ["dc2"] } },
      }),
    });
    expect(made.status).toBe(200);
    await register(near, 31, ["blue"]);
    await register(near, 32, ["green"]);
    await register(far, 41, ["blue"]);
    const { own, found, lines } = discovery({ query: "web-anywhere", poll: "1s" });
    await own.whenKnown();
    expect(found()).toEqual([":31"]);
    expect(own.problems).toEqual([]);
    await take(near, 31);
    await eventually(() => expect(found()).toEqual([":41"]), 10_000);
    expect(own.problems).toEqual([
      "instances: Consul fails over query web-anywhere to datacenter dc2",
    ]);
    expect(own.stalenessMs()).toBe(0);
    await register(near, 31, ["blue"]);
    await eventually(() => expect(found()).toEqual([":31"]), 10_000);
    expect(own.problems).toEqual([]);
    expect(lines.join()).toMatch(/discovery\.failover.*discovery\.failback/s);
  });

  test.each([
    [{ service: "web", datacenter: "nowhere" }, /read service web in nowhere: .*No path to/],
    [{ query: "wbe", poll: "1s" }, /execute query wbe: .*Query not found/],
    [{ query: "web-anywhere", datacenter: "dc2" }, /web-anywhere in dc2: .*Query not found/],
  ])("a version with %j says what is wrong with it", async (selector, words) => {
    const { own, lines } = discovery(selector);
    await eventually(() => expect(own.problems.join()).toMatch(words));
    expect(lines.filter((line) => line.includes("discovery.stale"))).toHaveLength(1);
  });

  test("endpoints of a datacenter that dies stay, and are told to be old", async () => {
    await register(far, 51);
    const { own, found } = discovery({ service: "web", datacenter: "dc2" });
    await own.whenKnown();
    expect(found()).toContain(":51");
    await far.kill();
    // A server may only notice when the query's time is over.
    await eventually(() => expect(own.problems.join()).toMatch(/web in dc2: Consul/), 20_000);
    expect(own.stalenessMs()).toBeGreaterThan(0);
    expect(found()).toContain(":51");
  });
});
