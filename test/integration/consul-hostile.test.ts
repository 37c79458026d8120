import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { freePorts } from "../../control/cli/demo/children.ts";
import { consulForTests } from "../support/consul-binary.ts";
import { TestAgent } from "../support/consul.ts";
import { eventually } from "../support/eventually.ts";
import { KeptConnection } from "../support/kept-connection.ts";
import { startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";
import { VersionOrigin } from "../support/version-origin.ts";

/*
 * Goal: whatever somebody registers, good instances serve and bad ones do no harm, and an
 * operator's word in Consul counts at once. Method: a whole sidecar over a real agent that takes
 * it all.
 */

const binary = (await consulForTests()) ?? "";

/** Addresses and ports that Consul takes and nobody can connect to. */
const ODD: readonly (readonly [string, number])[] = [
  ["10.0.0.1", 0],
  ["10.0.0.1", -1],
  ["10.0.0.1", 65_536],
  ["http://10.0.0.1", 80],
  ["unix:/run/web.sock", 80],
  ["a\0b", 80],
  ["my host", 80],
  ["10.0.0.1\n", 80],
  ["127.1", 80],
  ["fe80::1%eth0", 80],
  ["x".repeat(70_000), 80],
];

describe.skipIf(binary === "")("A sidecar over an agent that takes anything", () => {
  let agent: TestAgent;
  let origins: readonly VersionOrigin[];
  let sidecar: TestSidecar;
  let client: KeptConnection;

  async function register(ID: string, address: string, more: object = {}): Promise<void> {
    const [, Address, port] = /^(.*):(-?\d+)$/s.exec(address) ?? [];
    const service = { Name: "web", ID, Address, Port: Number(port), Meta: { version: "v1" } };
    await agent.put("agent/service/register", { ...service, ...more });
  }

  /** The answers to this many requests, by body or status. */
  async function ask(count: number): Promise<Readonly<Record<string, number>>> {
    const answers: Record<string, number> = {};
    for (let asked = 0; asked < count; asked += 1) {
      const { status, body } = await client.get("web");
      const answer = status === 200 ? body : String(status);
      answers[answer] = (answers[answer] ?? 0) + 1;
    }
    return answers;
  }

  beforeAll(async () => {
    agent = await TestAgent.start(binary);
    origins = await Promise.all(["v1", "v2", "late"].map((name) => VersionOrigin.start(name)));
  });
  afterAll(async () => {
    for (const origin of origins) origin[Symbol.dispose]();
    await agent[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    const [v1, v2] = origins.map(({ address }) => address);
    await register("web-v1", v1 ?? "");
    await register("web-v2", v2 ?? "", {
      Meta: { version: "v2" },
      Check: { CheckID: "v2", TTL: "1h", Status: "passing" },
    });
    const versionOf = (version: string): object => ({
      weight: 1,
      consul: { service: "web", version },
    });
    sidecar = await startSidecar({
      workers: 1,
      control: { bind: `127.0.0.1:${(await freePorts())[0]}` },
      consul: { address: agent.address, sidecar: "hostile", copies: false },
      services: {
        web: {
          healthCheck: { path: "/", interval: "1s" },
          versions: { v1: versionOf("v1"), v2: versionOf("v2") },
        },
      },
    });
    client = await KeptConnection.open(sidecar.ports[0] ?? 0);
    return async () => {
      client.close();
      await sidecar.stop();
    };
  });

  test("instances that cannot be harm nobody, are named, and serve once mended", async () => {
    for (const [index, [address, port]] of ODD.entries()) {
      await register(`odd-${index}`, `${address}:${port}`);
    }
    const lines = (event: string): string =>
      JSON.stringify(sidecar.log.filter((line) => line.event === event));
    await eventually(() => expect(lines("discovery.refused")).toContain("odd-10"));
    for (const index of ODD.keys()) expect(lines("discovery.refused")).toContain(`odd-${index}:`);
    await register("web-self", sidecar.api.slice("http://".length));
    await eventually(() => expect(lines("endpoint.own")).toContain(sidecar.api.slice(7)));
    expect(await ask(40)).toEqual({ v1: 20, v2: 20 });
    await register("odd-2", origins[2]?.address ?? "");
    await eventually(async () => expect(Object.keys(await ask(8))).toContain("late"));
    const answers = await ask(40);
    expect([answers["v2"], (answers["v1"] ?? 0) + (answers["late"] ?? 0)]).toEqual([20, 20]);
    expect(lines("worker.uncaught")).toBe("[]");
    for (const index of ODD.keys()) await agent.put(`agent/service/deregister/odd-${index}`);
    await agent.put("agent/service/deregister/web-self");
  });

  test("maintenance of a canary's last instance gives its share to stable at once", async () => {
    expect(await ask(10)).toEqual({ v1: 5, v2: 5 });
    const startMs = performance.now();
    await agent.put("agent/service/maintenance/web-v2?enable=true&reason=rolled%20back");
    await eventually(async () => expect(await ask(10)).toEqual({ v1: 10 }));
    expect(performance.now() - startMs).toBeLessThan(3_000);
    const health = sidecar.log.filter(({ event }) => event === "health.down");
    expect(health).toMatchObject([{ version: "v2", reason: "Consul says maintenance" }]);
    await agent.put("agent/service/maintenance/web-v2?enable=false");
    await eventually(async () => expect(await ask(10)).toEqual({ v1: 5, v2: 5 }), 10_000);
  });

  test("a canary's last instance that Consul calls critical gives its share away", async () => {
    expect(await ask(10)).toEqual({ v1: 5, v2: 5 });
    await agent.put("agent/check/fail/v2");
    // Three samples, one a second.
    await eventually(async () => expect(await ask(10)).toEqual({ v1: 10 }), 10_000);
    const events = sidecar.log.map(({ event }) => event);
    expect(events).toContain("health.down");
    expect(events).not.toContain("discovery.kept");
  });
});
