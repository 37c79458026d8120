import { request as httpRequest } from "node:http";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { BuiltInProxy, freePort } from "../support/built-in-proxy.ts";
import { consulForTests } from "../support/consul-binary.ts";
import { TestAgent } from "../support/consul.ts";
import { EchoTunnel } from "../support/echo-tunnel.ts";
import { eventually } from "../support/eventually.ts";
import { startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";
import { VersionOrigin } from "../support/version-origin.ts";

/*
 * Goal: a sidecar in the mesh of a real Consul is found and understood by Consul's own proxy, and
 * intentions hold at once. Method: real processes.
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

  /** The shop's own sidecar, which others find by its registration. */
  async function serveShop(): Promise<TestSidecar> {
    const port = await freePort();
    return sidecar({
      listeners: [{ bind: `127.0.0.1:${port}`, service: "shop", tls: "connect" }],
      consul: { address: agent.address, copies: false, connect: { service: "shop" } },
      register: { service: "shop", address: "127.0.0.1", port, connectProxy: true },
      services: { shop: { versions: { v1: { endpoints: [shop.address] } } } },
    });
  }

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
    const options = { service: "front", upstream: "shop" };
    const proxy = await BuiltInProxy.start(binary, agent, options);
    ending.push(proxy);
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
});
