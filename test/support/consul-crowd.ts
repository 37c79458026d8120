import { onTestFinished } from "vitest";
import { readService } from "../../control/config/read-service.ts";
import type { ConsulClient } from "../../control/consul/client.ts";
import { ConsulDiscovery } from "../../control/registry/consul-discovery.ts";
import { consulDeps } from "./consul-deps.ts";
import { TestAgent } from "./consul.ts";
import { eventually } from "./eventually.ts";

/** An agent with services, and sidecars that follow all of them. */
export type Crowd = {
  /** Registers every service at this port. When it did, in milliseconds of performance.now(). */
  readonly registerAll: (port: number) => Promise<ReadonlyMap<string, number>>;
  readonly addSidecar: () => CrowdSidecar;
};

/** As much of a sidecar as asks for services. */
export type CrowdSidecar = {
  readonly own: ConsulDiscovery;
  readonly client: ConsulClient;
  readonly lines: readonly string[];
  /** When it last heard of a change of each service. */
  readonly heardMs: ReadonlyMap<string, number>;
  /** Services of which it knows fewer endpoints than these. */
  readonly lacking: (endpoints: number) => readonly string[];
};

/** An agent with `size` services that takes `connections` from here; all end with the test. */
export async function openCrowd(binary: string, size: number, connections: number): Promise<Crowd> {
  const limits = { http_max_conns_per_client: connections };
  const agent = await TestAgent.start(binary, { settings: { limits } });
  onTestFinished(() => agent[Symbol.asyncDispose]());
  const names = Array.from({ length: size }, (_, index) => `web-${index}`);
  const documents = names.map((name) => {
    const consul = { service: name };
    return [name, readService(name, { versions: { v1: { consul } } })] as const;
  });
  const registerAll = async (Port: number): Promise<ReadonlyMap<string, number>> => {
    const times = new Map<string, number>();
    for (const Name of names) {
      const body = { ID: `${Name}-${Port}`, Name, Address: "10.0.0.7", Port };
      await eventually(() => agent.put("agent/service/register", body));
      times.set(Name, performance.now());
    }
    return times;
  };
  const addSidecar = (): CrowdSidecar => {
    const deps = consulDeps({ address: agent.address });
    const own = new ConsulDiscovery(deps);
    const heardMs = new Map<string, number>();
    own.onChange = (name) => void heardMs.set(name, performance.now());
    own.update(Object.fromEntries(documents));
    onTestFinished(async () => {
      await own.close();
      await deps[Symbol.asyncDispose]();
    });
    const lacking = (endpoints: number): readonly string[] =>
      names.filter((name) => own.endpoints(name, "v1").length < endpoints);
    return { own, heardMs, lacking, client: deps.client, lines: deps.lines };
  };
  return { registerAll, addSidecar };
}

/** How late a sidecar heard of the last of these changes. Infinity: not at all. */
export function worstMs({ heardMs }: CrowdSidecar, changedMs: ReadonlyMap<string, number>): number {
  return Math.max(...[...changedMs].map(([name, ms]) => (heardMs.get(name) ?? Infinity) - ms));
}
