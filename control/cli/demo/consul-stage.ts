import { randomBytes } from "node:crypto";
import { systemClock } from "../../../proxy/base/clock.ts";
import { ConsulClient } from "../../consul/client.ts";
import { deleteKey } from "../../consul/kv.ts";
import { startConsul } from "./consul-agent.ts";
import { startShopSidecar } from "./stage.ts";
import type { StagePlace, Stage } from "./stage.ts";

/** Which Consul a demo uses. */
export type DemoConsul = {
  /** Of an agent that runs. undefined: the demo starts one. */
  readonly url: string | undefined;
  /** CONSUL_BIN, PATH and CONSUL_HTTP_TOKEN. */
  readonly env: NodeJS.ProcessEnv;
};

/** Names of the sidecars; shifts go through the first. */
const SIDECARS = ["a", "b"] as const;

/** How long a demo that was killed leaves its registrations in an agent that keeps running. */
const FORGET_AFTER = "1m";

/**
 * Two versions registered in Consul, and two sidecars that find them there and share one table in
 * its KV. In an agent that was already running it uses names that nobody else has.
 * @throws CliError demo_start, no_consul
 */
export async function startOverConsul(place: StagePlace, consul: DemoConsul): Promise<Stage> {
  const { children, screen } = place;
  const url = consul.url ?? (await startConsul(place, consul.env));
  const token = consul.env["CONSUL_HTTP_TOKEN"] ?? "";
  const client = new ConsulClient({ address: url, token }, systemClock);
  const name = `sluice-demo-${randomBytes(4).toString("hex")}`;
  const ports = await Promise.all([children.startShop("v1"), children.startShop("v2")]);
  const versions = ports.map((port, index) => ({ id: `${name}-v${index + 1}`, port }));
  const tidy = async (): Promise<void> => tidyUp(client, name, versions);
  try {
    for (const version of versions) await register(client, name, version);
    screen.say(`Consul       ${url}/ui/  (service ${name}, key ${name}/table)`);
    const sidecars = [];
    for (const sidecar of SIDECARS) {
      const config = configOf({ url, token, name, sidecar });
      const started = { sidecar, ...(await startShopSidecar(place, sidecar, config)) };
      screen.say(
        `sidecar ${sidecar}    ${started.shopUrl}/  (its page: ${started.controlUrl}/ui/)`,
      );
      sidecars.push(started);
    }
    screen.say(`v1, v2       ${ports.map((port) => `http://127.0.0.1:${port}/`).join("  ")}`);
    screen.say(`Shifts go through sidecar ${SIDECARS[0]} and answer when both act on them.`);
    screen.say("");
    const entrances = sidecars.map(({ sidecar, shopUrl }) => ({ sidecar, url: shopUrl }));
    const controlUrl = sidecars[0]?.controlUrl ?? "";
    return { entrances, controlUrl, shiftQuery: "?wait=fleet", tidy };
  } catch (error) {
    await tidy();
    throw error;
  }
}

type ShopVersion = { readonly id: string; readonly port: number };

function configOf(names: {
  readonly url: string;
  readonly token: string;
  readonly name: string;
  readonly sidecar: string;
}): object {
  const { url: address, token, name, sidecar } = names;
  const versionOf = (version: string, weight: number): object => ({
    weight,
    consul: { service: name, version },
  });
  return {
    store: { kind: "consul", prefix: name },
    consul: { address, token, sidecar, copies: false },
    services: { shop: { versions: { v1: versionOf("v1", 100), v2: versionOf("v2", 0) } } },
  };
}

async function register(
  client: ConsulClient,
  name: string,
  { id, port }: ShopVersion,
): Promise<void> {
  const check = {
    name: "listens",
    tcp: `127.0.0.1:${port}`,
    interval: "1s",
    timeout: "1s",
    status: "passing",
    deregistercriticalserviceafter: FORGET_AFTER,
  };
  const meta = { version: id.slice(name.length + 1) };
  await client.call(`register ${id}`, async (consul) =>
    consul.agent.service.register({ id, name, address: "127.0.0.1", port, meta, check }),
  );
}

/** Best effort: with an agent of our own nothing is left anyway. */
async function tidyUp(
  client: ConsulClient,
  name: string,
  versions: readonly ShopVersion[],
): Promise<void> {
  const removals = versions.map(async ({ id }) =>
    client.call(`deregister ${id}`, async (consul) => consul.agent.service.deregister({ id })),
  );
  await Promise.allSettled([...removals, deleteKey(client, `${name}/`, { recurse: true })]);
  await client.close();
}
