import type { TestAgent } from "./consul.ts";

/** The shop's own sidecar, at `port`, which others find by its registration. */
export function shopInMesh(
  agent: TestAgent,
  port: number,
  endpoint: string,
): Record<string, unknown> {
  return {
    listeners: [{ bind: `127.0.0.1:${port}`, service: "shop", tls: "connect" }],
    consul: { address: agent.address, copies: false, connect: { service: "shop" } },
    register: { service: "shop", address: "127.0.0.1", port, connectProxy: true },
    services: { shop: { versions: { v1: { endpoints: [endpoint] } } } },
  };
}

/** The sidecar of `front`, which reaches the shop through the mesh. */
export function frontInMesh(agent: TestAgent): object {
  return {
    listeners: [{ bind: "127.0.0.1:0", service: "shop" }],
    consul: { address: agent.address, copies: false, connect: { service: "front" } },
    services: {
      shop: { upstream: { connect: true }, versions: { v1: { consul: { service: "shop" } } } },
    },
  };
}

/** Tells the mesh that the shop is at this port of 127.0.0.1, and nowhere else that was told so. */
export async function announceShop(agent: TestAgent, port: number): Promise<void> {
  await agent.put("agent/service/register", {
    ID: "shop-elsewhere",
    Name: "shop-sidecar-proxy",
    Kind: "connect-proxy",
    Proxy: { DestinationServiceName: "shop" },
    Address: "127.0.0.1",
    Port: port,
  });
}
