import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ConsulError } from "../../control/consul/consul-error.ts";
import { getKey, putKey } from "../../control/consul/kv.ts";
import { consulForTests } from "../support/consul-binary.ts";
import { consulDeps, type TestDeps } from "../support/consul-deps.ts";
import { TestAgent } from "../support/consul.ts";

const TOKEN = "8f0e3a52-5a5f-4f5e-9d55-3b1c9c8f6a01";
const binary = (await consulForTests()) ?? "";

async function errorOf(work: Promise<unknown>): Promise<ConsulError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ConsulError);
  return error as ConsulError;
}

describe.skipIf(binary === "")(
  "ConsulClient against an agent that demands tokens",
  { timeout: 30_000 },
  () => {
    let agent: TestAgent;
    let allowed: TestDeps;
    let denied: TestDeps;

    beforeAll(async () => {
      const acl = { enabled: true, default_policy: "deny", tokens: { master: TOKEN } };
      agent = await TestAgent.start(binary, { settings: { acl } });
      allowed = consulDeps({ address: agent.address, token: TOKEN });
      denied = consulDeps({ address: agent.address, token: `${TOKEN.slice(0, -1)}9` });
    });

    afterAll(async () => {
      await allowed[Symbol.asyncDispose]();
      await denied[Symbol.asyncDispose]();
      await agent[Symbol.asyncDispose]();
    });

    test("putKey() and getKey() keep every character of key and value", async () => {
      const key = "sluice/tëst/a b?c#d%2F";
      expect(await putKey(allowed.client, key, "wörth")).toBe(true);
      expect(await getKey(allowed.client, key)).toMatchObject({ key, value: "wörth" });
    });

    test("getKey() gives undefined for a key that is not there", async () => {
      expect(await getKey(allowed.client, "sluice/none")).toBeUndefined();
    });

    test("putKey() writes only if the ModifyIndex is still the one that was read", async () => {
      const { client } = allowed;
      const key = "sluice/cas";
      expect(await putKey(client, key, "1", { cas: 0 })).toBe(true);
      expect(await putKey(client, key, "2", { cas: 0 })).toBe(false);
      const index = (await getKey(client, key))?.modifyIndex ?? -1;
      expect(await putKey(client, key, "3", { cas: index })).toBe(true);
      expect(await putKey(client, key, "4", { cas: index })).toBe(false);
      expect((await getKey(client, key))?.value).toBe("3");
    });

    test.each([
      ["undici", async (): Promise<unknown> => getKey(denied.client, "sluice/x")],
      ["the package", async (): Promise<unknown> => putKey(denied.client, "sluice/x", "1")],
    ])("a refused token is consul_denied and is nowhere in the error: %s", async (_, work) => {
      const error = await errorOf(work());
      expect(error.code).toBe("consul_denied");
      const everything = JSON.stringify([error.message, error.stack, error, error.cause ?? ""]);
      expect(everything).not.toContain(TOKEN.slice(0, -1));
      expect(error.cause).toBeUndefined();
    });

    test("a path that Consul does not know is consul_refused, with Consul's words", async () => {
      const request = { action: "do nonsense", path: "session/create", body: "{" };
      const error = await errorOf(allowed.client.request({ ...request, method: "PUT" }));
      expect(error.code).toBe("consul_refused");
      expect(error.message).toMatch(/^Cannot do nonsense: Consul answered 400 \(.+\)$/);
    });
  },
);

describe.skipIf(binary === "")("ConsulClient over TLS", { timeout: 30_000 }, () => {
  let folder: string;
  let agent: TestAgent;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "sluice-tls-"));
    const run = promisify(execFile);
    await run(binary, ["tls", "ca", "create"], { cwd: folder });
    await run(binary, ["tls", "cert", "create", "-server", "-dc", "dc1"], { cwd: folder });
    await run(binary, ["tls", "cert", "create", "-client", "-dc", "dc1"], { cwd: folder });
    agent = await TestAgent.start(binary, {
      tls: {
        ca: join(folder, "consul-agent-ca.pem"),
        cert: join(folder, "dc1-server-consul-0.pem"),
        key: join(folder, "dc1-server-consul-0-key.pem"),
      },
    });
  });

  afterAll(async () => {
    await agent[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  const pem = async (name: string): Promise<string> => readFile(join(folder, name), "utf8");

  test("a client with the right authority and a certificate may read and write", async () => {
    const tls = {
      ca: await pem("consul-agent-ca.pem"),
      cert: await pem("dc1-client-consul-0.pem"),
      key: await pem("dc1-client-consul-0-key.pem"),
      serverName: "server.dc1.consul",
    };
    await using deps = consulDeps({ address: agent.tlsAddress, tls });
    expect(await putKey(deps.client, "sluice/tls", "yes")).toBe(true);
    expect((await getKey(deps.client, "sluice/tls"))?.value).toBe("yes");
  });

  test("a client that does not trust the authority is refused by itself", async () => {
    await using deps = consulDeps({ address: agent.tlsAddress });
    const error = await errorOf(getKey(deps.client, "sluice/tls"));
    expect(error.code).toBe("consul_unreachable");
    expect(error.message).toMatch(/certificate/i);
  });
});

test("a closed port is consul_unreachable, the outcome of a write to it unknown", async () => {
  await using deps = consulDeps({ address: "http://127.0.0.1:1", token: TOKEN });
  const error = await errorOf(putKey(deps.client, "sluice/x", "1"));
  expect(error.code).toBe("consul_unreachable");
  expect(error.outcomeUnknown).toBe(true);
  expect(error.message).toMatch(/^Cannot write key sluice\/x: Consul cannot be reached \(.+\)$/);
});
