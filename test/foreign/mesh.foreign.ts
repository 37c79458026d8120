import { describe, expect, onTestFinished, test } from "vitest";
import { freePort } from "../support/built-in-proxy.ts";
import { consulForTests } from "../support/consul-binary.ts";
import { TestAgent } from "../support/consul.ts";
import { EchoTunnel } from "../support/echo-tunnel.ts";
import { eventually } from "../support/eventually.ts";
import { announceShop, frontInMesh, shopInMesh } from "../support/mesh.ts";
import { startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";
import { VersionOrigin } from "../support/version-origin.ts";
import { startEnvoy } from "./support/configured-servers.ts";
import { httpListener, oneEndpoint } from "./support/envoy-resources.ts";
import type { MeshTls } from "./support/envoy-resources.ts";
import { isMissing } from "./support/programs.ts";

/*
 * Goal: Envoy, with certificates of a real Consul, is understood as a member of the mesh. Method:
 * Envoy is configured by hand, as the Consul of the tests is too old to configure a new Envoy.
 */

const binary = (await consulForTests()) ?? "";

async function startAgent(): Promise<TestAgent> {
  const agent = await TestAgent.start(binary);
  onTestFinished(async () => agent[Symbol.asyncDispose]());
  return agent;
}

/** What an agent answers, which has no authority yet when it has just started. */
async function told(agent: TestAgent, path: string): Promise<unknown> {
  return eventually(async () => {
    const answer = await agent.get(path);
    if (answer === undefined) throw new Error(`No answer at ${path} yet`);
    return answer;
  });
}

/** What a service has in the mesh. `peer`: whom the other side must be. */
async function memberOf(agent: TestAgent, service: string, peer: string): Promise<MeshTls> {
  const leaf = (await told(agent, `agent/connect/ca/leaf/${service}`)) as {
    readonly CertPEM: string;
    readonly PrivateKeyPEM: string;
  };
  const roots = (await told(agent, "agent/connect/ca/roots")) as {
    readonly TrustDomain: string;
    readonly Roots: readonly { readonly RootCert: string }[];
  };
  return {
    certPem: leaf.CertPEM,
    keyPem: leaf.PrivateKeyPEM,
    rootsPem: roots.Roots.map(({ RootCert }) => RootCert).join(""),
    uri: `spiffe://${roots.TrustDomain}/ns/default/dc/dc1/svc/${peer}`,
  };
}

async function sidecar(config: object): Promise<TestSidecar> {
  const started = await startSidecar(config);
  onTestFinished(async () => started.stop());
  return started;
}

async function ask(port: number): Promise<readonly [number, string]> {
  const answer = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: "close" } });
  return [answer.status, await answer.text()];
}

describe.skipIf(binary === "" || isMissing("envoy"))(
  "Envoy in the mesh",
  { timeout: 90_000 },
  () => {
    test("reaches a sidecar over mutual TLS, and is judged by intentions", async () => {
      const agent = await startAgent();
      using shop = await VersionOrigin.start("shop v1");
      const port = await freePort();
      await sidecar(shopInMesh(agent, port, shop.address));
      const tls = await memberOf(agent, "front", "shop");
      await using envoy = await startEnvoy((place) => ({
        listeners: [httpListener(place.port, { cluster: "shop" })],
        clusters: [oneEndpoint("shop", port, tls)],
      }));
      await eventually(async () => expect(await ask(envoy.port)).toEqual([200, "shop v1"]));
      const tunnel = await EchoTunnel.open(envoy.port, "shop");
      onTestFinished(() => tunnel.close());
      await tunnel.more(3);
      const intention = { SourceName: "front", DestinationName: "shop", Action: "deny" };
      await fetch(`${agent.address}/v1/connect/intentions`, {
        method: "POST",
        body: JSON.stringify(intention),
      });
      await eventually(async () => expect((await ask(envoy.port))[0]).toBe(403), 1_000);
      await eventually(() => expect(tunnel.isOpen).toBe(false), 1_000);
    });

    test("is reached by a sidecar over mutual TLS, if it is the right service", async () => {
      const agent = await startAgent();
      using shop = await VersionOrigin.start("shop v1");
      const shopPort = Number(shop.address.slice(shop.address.lastIndexOf(":") + 1));
      const serve = async (service: string): ReturnType<typeof startEnvoy> => {
        const tls = await memberOf(agent, service, "front");
        return startEnvoy(({ port }) => ({
          listeners: [httpListener(port, { cluster: "shop", tls })],
          clusters: [oneEndpoint("shop", shopPort)],
        }));
      };
      await using right = await serve("shop");
      await using wrong = await serve("impostor");
      await announceShop(agent, right.port);
      const { ports } = await sidecar(frontInMesh(agent));
      const port = ports[0] ?? 0;
      await eventually(async () => expect(await ask(port)).toEqual([200, "shop v1"]));
      const tunnel = await EchoTunnel.open(port, "shop");
      onTestFinished(() => tunnel.close());
      await tunnel.more(3);
      await announceShop(agent, wrong.port);
      await eventually(async () => expect((await ask(port))[0]).toBe(502));
    });
  },
);
