import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ConsulSelector } from "../../control/config/service.ts";
import type { ConsulOptions } from "../../control/consul/agent-connections.ts";
import { ConsulDiscovery } from "../../control/registry/consul-discovery.ts";
import { readService } from "../../control/config/read-service.ts";
import { unusedPorts } from "../../control/cli/demo/consul-agent.ts";
import { consulForTests } from "../support/consul-binary.ts";
import { consulDeps } from "../support/consul-deps.ts";
import { TestAgent } from "../support/consul.ts";
import { eventually } from "../support/eventually.ts";

/*
 * Goal: a discovery that does not work says so, in Consul's words. Method: a real agent with ACLs
 * that deny by default, and every mistake that a configuration can hold.
 */

const binary = (await consulForTests()) ?? "";
const ports = binary === "" ? {} : await unusedPorts(binary);
const ROOT = "00000000-0000-0000-0000-00000000c0de";

describe.skipIf(binary === "")("ConsulDiscovery at an agent with ACLs", { timeout: 30_000 }, () => {
  let agent: TestAgent;

  /** What the agent answers somebody who may do everything. */
  async function asRoot(method: string, path: string, body: object): Promise<unknown> {
    const answer = await fetch(`${agent.address}/v1/${path}`, {
      method,
      headers: { "x-consul-token": ROOT },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    const text = await answer.text();
    return text === "" ? undefined : (JSON.parse(text) as unknown);
  }

  beforeAll(async () => {
    const tokens = { master: ROOT };
    const acl = { enabled: true, default_policy: "deny", tokens };
    agent = await TestAgent.start(binary, { settings: { acl } });
    await eventually(
      () => asRoot("PUT", "agent/service/register", { Name: "web", Port: 80 }),
      20_000,
    );
  }, 30_000);
  afterAll(() => agent[Symbol.asyncDispose]());

  /** Discovery of one version by this selector, with what it reported. */
  async function discovery(options: Partial<ConsulOptions>, selector: Partial<ConsulSelector>) {
    const deps = consulDeps({ address: agent.address, token: ROOT, ...options });
    const own = new ConsulDiscovery(deps);
    const consul = { service: "web", ...selector };
    own.update({ web: readService("web", { versions: { v1: { consul } } }) });
    return {
      own,
      lines: deps.lines,
      async [Symbol.asyncDispose]() {
        await own.close();
        await deps[Symbol.asyncDispose]();
      },
    };
  }

  test.each([
    ["another datacenter", { datacenter: "nowhere" }, {}, /No path to datacenter/],
    [
      "a namespace that only Enterprise has",
      { namespace: "team" },
      {},
      /\((?!endpoints)[^)]*namespace/i,
    ],
    ["a filter that is none", {}, { filter: "not a filter" }, /Failed to create boolean/],
    ["a token that nobody knows", { token: "nonesuch" }, {}, /ACL not found/],
    ["no token", { token: "" }, {}, /Permission denied \(the token has no service:read of web\)/],
    ["a service that nobody has registered", {}, { service: "wbe" }, /none for web v1/],
  ])("says what is wrong with %s", async (_, options, selector, words) => {
    await using found = await discovery(options, selector);
    await eventually(() => expect(found.own.problems.join()).toMatch(words), 10_000);
    expect(found.lines.filter((line) => line.includes('"warn"'))).toHaveLength(1);
  });

  // Older ones ignore what they do not know.
  test.runIf("grpc_tls" in ports)("says that only Enterprise has partitions", async () => {
    await using found = await discovery({ partition: "east" }, {});
    const advice = /leave out consul.partition, and unset CONSUL_PARTITION/;
    await eventually(() => expect(found.own.problems.join()).toMatch(advice), 10_000);
  });

  test("says that it cannot speak HTTPS to a port that has HTTP", async () => {
    await using found = await discovery({ address: agent.address.replace("http:", "https:") }, {});
    await eventually(() => expect(found.own.problems.join()).toMatch(/cannot be reached \(.*\)/));
    expect(found.lines.join()).toContain("discovery.stale");
  });

  test.each([
    ["loses the policy", "PUT", { Policies: [] }, /no service:read of web, node:|Filtered-By-ACLs/],
    ["is deleted", "DELETE", {}, /ACL not found/],
  ])("keeps what it knows when its token %s, and says so", async (_, method, change, words) => {
    const Rules = 'service_prefix "" { policy = "read" } node_prefix "" { policy = "read" }';
    await asRoot("PUT", "acl/policy", { Name: method, Rules });
    const made = await asRoot("PUT", "acl/token", { Policies: [{ Name: method }] });
    const { AccessorID, SecretID } = made as { AccessorID: string; SecretID: string };
    // Agents with the streaming backend (1.10 and later) tell only when a wait is over.
    await using found = await discovery({ token: SecretID, waitMs: 2_000 }, {});
    await found.own.whenKnown();
    const before = found.own.endpoints("web", "v1");
    expect(before).toHaveLength(1);
    await asRoot(method, `acl/token/${AccessorID}`, { AccessorID, ...change });
    // Others check permissions when they answer, and any change of the service makes them answer.
    await asRoot("PUT", "agent/service/register", { Name: "web", Port: 80, Tags: [method] });
    await eventually(() => expect(found.own.problems.join()).toMatch(words), 15_000);
    expect(found.own.endpoints("web", "v1")).toEqual(before);
    expect(found.own.stalenessMs()).toBeGreaterThan(0);
  });
});
