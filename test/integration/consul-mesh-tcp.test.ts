import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { BuiltInProxy, freePort } from "../support/built-in-proxy.ts";
import { consulForTests } from "../support/consul-binary.ts";
import { TestAgent } from "../support/consul.ts";
import { eventually } from "../support/eventually.ts";
import { frontInMesh, shopInMesh } from "../support/mesh.ts";
import { RawSocket } from "../support/raw-socket.ts";
import { startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";
import { TcpOrigin } from "../support/tcp-origin.ts";

/*
 * Goal: a service of kind tcp in the mesh of a real Consul is reached by those whom intentions
 * allow, and by nobody else, at once. Method: a sidecar before it; before that one, Consul's own
 * proxy and another sidecar.
 */

const binary = (await consulForTests()) ?? "";

/** How soon a change of intentions must have done its work. */
const SOON_MS = 1_000;

const TCP = { kind: "tcp" };

describe.skipIf(binary === "")("TCP in the mesh of a real Consul", { timeout: 90_000 }, () => {
  let agent: TestAgent;
  let shop: TcpOrigin;
  let server: TestSidecar;
  const ending: (() => unknown)[] = [];

  beforeEach(async () => {
    agent = await TestAgent.start(binary);
    shop = await TcpOrigin.start("shop");
    const config = shopInMesh(agent, await freePort(), shop.address);
    server = await sidecar(asTcp(config));
  });
  afterEach(async () => {
    for (const end of ending.splice(0).toReversed()) await end();
    await agent[Symbol.asyncDispose]();
  });

  async function sidecar(config: object): Promise<TestSidecar> {
    const started = await startSidecar(config);
    ending.push(() => started.stop());
    return started;
  }

  async function open(port: number): Promise<RawSocket> {
    const client = await RawSocket.open({ port });
    ending.push(() => client.close());
    return client;
  }

  let intention: string | undefined;

  /** Whether `front` may reach the shop. */
  async function intend(Action: "allow" | "deny"): Promise<void> {
    const url = `${agent.address}/v1/connect/intentions`;
    if (intention !== undefined) await fetch(`${url}/${intention}`, { method: "DELETE" });
    const body = JSON.stringify({ SourceName: "front", DestinationName: "shop", Action });
    const answer = await fetch(url, { method: "POST", body });
    intention = ((await answer.json()) as { readonly ID: string }).ID;
  }

  /** Resolves when a new client hears of the shop; before that it may be too early. */
  async function reached(port: number, timeoutMs?: number): Promise<RawSocket> {
    return eventually(async () => {
      const client = await open(port);
      await client.until("shop\n");
      return client;
    }, timeoutMs);
  }

  test.each(["Consul's own proxy", "another sidecar"])("%s is judged at once", async (who) => {
    intention = undefined;
    const isConsul = who === "Consul's own proxy";
    const entrance = isConsul ? await builtInPort() : await sidecarPort();
    const client = await reached(entrance, 20_000);
    await client.send("what").until("what");
    await intend("deny");
    await eventually(() => expect(client.fate).not.toBe("open"), SOON_MS);
    const denied = await open(entrance);
    await denied.ended();
    expect(denied.text).toBe("");
    const metrics = await fetch(`${server.api}/metrics`).then((answer) => answer.text());
    expect(metrics).toMatch(/sluice_rejected_total\{reason="intention-denied"\} [1-9]/);
    expect(metrics).toMatch(/sluice_tunnels_total\{.*outcome="denied"\} 1/);
    await intend("allow");
    await reached(entrance);
  });

  async function builtInPort(): Promise<number> {
    const proxy = await BuiltInProxy.start(binary, agent, { service: "front", upstream: "shop" });
    ending.push(() => proxy[Symbol.asyncDispose]());
    return proxy.port;
  }

  async function sidecarPort(): Promise<number> {
    const { ports } = await sidecar(asTcp(frontInMesh(agent)));
    return ports[0] ?? 0;
  }
});

/** The same configuration with listeners and services of kind tcp. */
function asTcp(config: object): object {
  const { listeners, services, ...rest } = config as {
    readonly listeners: readonly { readonly service: string }[];
    readonly services: { readonly shop: object };
  };
  return {
    ...rest,
    listeners: listeners.map(({ service: tcp, ...listener }) => ({ ...listener, tcp })),
    services: { shop: { ...TCP, ...services.shop } },
  };
}
