import { request as httpRequest } from "node:http";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { BuiltInProxy, freePort } from "../support/built-in-proxy.ts";
import type { BuiltInProxyOptions } from "../support/built-in-proxy.ts";
import { consulForTests } from "../support/consul-binary.ts";
import { TestAgent } from "../support/consul.ts";
import { EchoTunnel } from "../support/echo-tunnel.ts";
import { eventually } from "../support/eventually.ts";
import { announceShop, frontInMesh, shopInMesh } from "../support/mesh.ts";
import { startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";
import { VersionOrigin } from "../support/version-origin.ts";
import { WireTap } from "../support/wire-tap.ts";

/*
 * Goal: sidecars in the mesh of a real Consul and Consul's own proxy understand each other, nothing
 * of it can be read on the way, and intentions hold at once. Method: real processes; the bytes
 * between two sidecars go through a tap.
 */

const binary = (await consulForTests()) ?? "";

/** How soon a change of intentions must have done its work. */
const SOON_MS = 1_000;

type Answered = { readonly status: number; readonly text: string };

/** One request on a connection of its own. */
function ask(port: number, path = "/"): Promise<Answered> {
  const { promise, resolve, reject } = Promise.withResolvers<Answered>();
  const options = { port, host: "127.0.0.1", path, headers: { host: "shop" }, agent: false };
  const request = httpRequest(options, (response) => {
    let text = "";
    response.on("data", (chunk: Buffer) => (text += String(chunk)));
    response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    response.on("error", reject);
  });
  request.on("error", reject).end();
  return promise;
}

describe.skipIf(binary === "")("the mesh of a real Consul", { timeout: 90_000 }, () => {
  let agent: TestAgent;
  let shop: VersionOrigin;
  const ending: AsyncDisposable[] = [];

  beforeEach(async () => {
    agent = await TestAgent.start(binary);
    shop = await VersionOrigin.start("shop v1");
  });
  afterEach(async () => {
    for (const each of ending.splice(0).toReversed()) await each[Symbol.asyncDispose]();
    shop[Symbol.dispose]();
    await agent[Symbol.asyncDispose]();
  });

  async function sidecar(config: object): Promise<TestSidecar> {
    const started = await startSidecar(config);
    ending.push({ [Symbol.asyncDispose]: async () => started.stop() });
    return started;
  }

  async function serveShop(): Promise<TestSidecar> {
    return sidecar(shopInMesh(agent, await freePort(), shop.address));
  }

  /** Consul's own proxy, until the test ends. */
  async function builtIn(options: BuiltInProxyOptions): Promise<BuiltInProxy> {
    const proxy = await BuiltInProxy.start(binary, agent, options);
    ending.push(proxy);
    return proxy;
  }

  /** Whoever looks for the shop in the mesh finds this port. */
  let intention: string | undefined;

  /** Whether `front` may ask the shop. */
  async function intend(Action: "allow" | "deny"): Promise<void> {
    const url = `${agent.address}/v1/connect/intentions`;
    if (intention !== undefined) await fetch(`${url}/${intention}`, { method: "DELETE" });
    const body = JSON.stringify({ SourceName: "front", DestinationName: "shop", Action });
    const answer = await fetch(url, { method: "POST", body });
    intention = ((await answer.json()) as { readonly ID: string }).ID;
  }

  test("Consul's own proxy reaches a sidecar, and is judged by intentions", async () => {
    const server = await serveShop();
    const proxy = await builtIn({ service: "front", upstream: "shop" });
    await eventually(async () =>
      expect(await ask(proxy.port)).toEqual({ status: 200, text: "shop v1" }),
    );
    const tunnel = await EchoTunnel.open(proxy.port, "shop");
    ending.push({ [Symbol.asyncDispose]: async () => tunnel.close() });
    await tunnel.more(3);
    await intend("deny");
    await eventually(async () => expect((await ask(proxy.port)).status).toBe(403), SOON_MS);
    await eventually(() => expect(tunnel.isOpen).toBe(false), SOON_MS);
    const rejected = await fetch(`${server.api}/metrics`).then((answer) => answer.text());
    expect(rejected).toMatch(/sluice_rejected_total\{reason="intention-denied"\} [1-9]/);
    await intend("allow");
    await eventually(async () => expect((await ask(proxy.port)).status).toBe(200), SOON_MS);
  });

  test("a sidecar reaches what Consul's own proxy serves", async () => {
    await builtIn({ service: "shop", serves: shop.address });
    const { ports } = await sidecar(frontInMesh(agent));
    const port = ports[0] ?? 0;
    await eventually(async () => expect(await ask(port)).toEqual({ status: 200, text: "shop v1" }));
  });

  test("nothing can be read between two sidecars, and a deny holds at once", async () => {
    const port = await freePort();
    const { register: _, ...config } = shopInMesh(agent, port, shop.address);
    await sidecar(config);
    await using tap = await WireTap.start(port);
    await announceShop(agent, tap.port);
    const client = await sidecar(frontInMesh(agent));
    const entrance = client.ports[0] ?? 0;
    await eventually(async () =>
      expect(await ask(entrance)).toEqual({ status: 200, text: "shop v1" }),
    );
    const tunnel = await EchoTunnel.open(entrance, "shop");
    ending.push({ [Symbol.asyncDispose]: async () => tunnel.close() });
    await tunnel.more(3);
    expect(tap.openings.length).toBeGreaterThan(0);
    for (const opening of tap.openings) expect([...opening.subarray(0, 2)]).toEqual([22, 3]);
    expect(tap.text.length).toBeGreaterThan(1_000);
    expect(/GET \/|http\/1|shop v1|websocket|message \d/i.exec(tap.text)?.[0]).toBeUndefined();
    await intend("deny");
    await eventually(async () => expect((await ask(entrance)).status).toBe(403), SOON_MS);
    await eventually(() => expect(tunnel.isOpen).toBe(false), SOON_MS);
  });

  test("an endpoint that is another service of the mesh gets no request", async () => {
    const impostor = await builtIn({ service: "impostor", serves: shop.address });
    await announceShop(agent, impostor.port);
    const { ports } = await sidecar(frontInMesh(agent));
    const port = ports[0] ?? 0;
    await eventually(async () => expect((await ask(port)).status).toBe(502));
    expect(shop.requests).toBe(0);
  });
});
