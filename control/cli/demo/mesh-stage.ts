import { randomBytes } from "node:crypto";
import { freePorts } from "./children.ts";
import { startConsul } from "./consul-agent.ts";
import type { DemoConsul } from "./consul-stage.ts";
import { startShopSidecar } from "./stage.ts";
import type { Stage, StagePlace } from "./stage.ts";

/**
 * Two services in Consul's mesh with a sidecar each: `front`, where the load comes in, and the
 * shop, whose sidecar splits between its versions. Between the two all is mutual TLS with
 * certificates that Consul issues. @throws CliError demo_start, no_consul
 */
export async function startInMesh(place: StagePlace, consul: DemoConsul): Promise<Stage> {
  const { children, screen } = place;
  const address = consul.url ?? (await startConsul(place, consul.env));
  const token = consul.env["CONSUL_HTTP_TOKEN"] ?? "";
  const name = `sluice-demo-${randomBytes(4).toString("hex")}`;
  const [v1, v2] = await Promise.all([children.startShop("v1"), children.startShop("v2")]);
  const [port] = await freePorts();
  const agent = { address, token, copies: false };
  const shop = await startShopSidecar(place, "shop", {
    store: { kind: "memory" },
    listeners: [{ bind: `127.0.0.1:${port}`, service: "shop", tls: "connect" }],
    consul: { ...agent, connect: { service: name } },
    register: { service: name, address: "127.0.0.1", port, connectProxy: true },
    services: {
      shop: {
        versions: {
          v1: { weight: 100, endpoints: [`127.0.0.1:${v1}`] },
          v2: { weight: 0, endpoints: [`127.0.0.1:${v2}`] },
        },
      },
    },
  });
  const front = await startShopSidecar(place, "front", {
    store: { kind: "memory" },
    consul: { ...agent, connect: { service: `${name}-front` } },
    services: {
      shop: { upstream: { connect: true }, versions: { all: { consul: { service: name } } } },
    },
  });
  screen.say(`Consul       ${address}/ui/  (services ${name} and ${name}-front)`);
  screen.say(`front        ${front.shopUrl}/  (its page: ${front.controlUrl}/ui/)`);
  screen.say(`shop         https://127.0.0.1:${port}/, only for members of the mesh`);
  screen.say(`             (its page: ${shop.controlUrl}/ui/, where shifts go)`);
  screen.say(`v1, v2       http://127.0.0.1:${v1}/  http://127.0.0.1:${v2}/`);
  screen.say(
    `To deny it   consul intention create -http-addr=${address} -deny ${name}-front ${name}`,
  );
  screen.say("");
  const entrances = [{ sidecar: undefined, url: front.shopUrl }];
  // The shop's sidecar deregisters itself when it ends.
  return { entrances, controlUrl: shop.controlUrl, shiftQuery: "", tidy: async () => undefined };
}
