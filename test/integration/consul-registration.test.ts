import { once } from "node:events";
import { createServer } from "node:http";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Registrar, type Registration } from "../../control/registry/registration.ts";
import { consulForTests } from "../support/consul-binary.ts";
import { consulDeps, hurried, type TestDeps } from "../support/consul-deps.ts";
import { TestAgent } from "../support/consul.ts";
import { eventually } from "../support/eventually.ts";

const binary = (await consulForTests()) ?? "";

const registration: Registration = {
  id: "sluice-web-8080",
  service: "web",
  proxyOf: undefined,
  sidecar: "edge-1",
  version: "v2",
  tags: ["blue"],
  address: "127.0.0.1",
  port: 8080,
  check: { kind: "ttl", ttlMs: 300 },
  deregisterAfterMs: 60_000,
};

describe.skipIf(binary === "")("Registrar", { timeout: 30_000 }, () => {
  let agent: TestAgent;
  let deps: TestDeps;
  let registrar: Registrar | undefined;

  beforeEach(async () => {
    agent = await TestAgent.start(binary);
    deps = consulDeps({ address: agent.address });
  });
  afterEach(async () => {
    await registrar?.leave();
    await deps[Symbol.asyncDispose]();
    await agent[Symbol.asyncDispose]();
  });

  function start(wanted: Registration, isWell = (): boolean => true): void {
    registrar = new Registrar(hurried(deps), wanted);
    registrar.start(isWell);
  }

  type Entry = { Service: Record<string, unknown>; Checks: { CheckID: string; Status: string }[] };

  const instances = async (passing = ""): Promise<readonly Entry[]> =>
    (await agent.get(`health/service/web${passing}`)) as Entry[];

  const checkStatus = async (): Promise<string | undefined> =>
    (await instances())[0]?.Checks.find(({ CheckID }) => CheckID !== "serfHealth")?.Status;

  test("start() registers service, version, tags and check; leave() takes it out", async () => {
    start(registration);
    await eventually(async () => expect(await instances("?passing")).toHaveLength(1));
    expect((await instances())[0]?.Service).toMatchObject({
      ID: "sluice-web-8080",
      Service: "web",
      Tags: ["v2", "blue"],
      Meta: { version: "v2" },
      Address: "127.0.0.1",
      Port: 8080,
    });
    await registrar?.leave();
    expect(await instances()).toEqual([]);
  });

  const HTTP = {
    kind: "http",
    url: "http://127.0.0.1:1/",
    intervalMs: 1_000,
    timeoutMs: 500,
  } as const;
  const TCP = { kind: "tcp", address: "127.0.0.1:1", intervalMs: 1_000, timeoutMs: 500 } as const;

  /** The agent's checks, `service:ID TYPE of SERVICE`. */
  const checks = async (): Promise<readonly string[]> =>
    Object.entries((await agent.get("agent/checks")) as Record<string, Record<string, string>>).map(
      ([id, { Type, ServiceName }]) => `${id} ${Type} of ${ServiceName}`,
    );

  test.each([
    [registration, "ttl"],
    [{ ...registration, check: HTTP }, "http"],
  ])("a check that somebody has deregistered is put back: %#", async (wanted, type) => {
    start(wanted);
    const there = [`service:sluice-web-8080 ${type} of web`];
    await eventually(async () => expect(await checks()).toEqual(there));
    await agent.put("agent/check/deregister/service:sluice-web-8080", "");
    await eventually(async () => expect(await checks()).toEqual(there));
  });

  test("a new process replaces the check and the service of the same id", async () => {
    start({ ...registration, check: HTTP });
    const of = (what: string): readonly string[] => [`service:sluice-web-8080 ${what}`];
    await eventually(async () => expect(await checks()).toEqual(of("http of web")));
    await registrar?.stop();
    start({ ...registration, check: TCP });
    await eventually(async () => expect(await checks()).toEqual(of("tcp of web")));
    await registrar?.stop();
    start({ ...registration, service: "shop" });
    await eventually(async () => expect(await checks()).toEqual(of("ttl of shop")));
    expect(await instances()).toEqual([]);
  });

  test("a new process takes out what one of its name has left under another id", async () => {
    const others = new Registrar(hurried(deps), { ...registration, id: "o", sidecar: "edge-2" });
    others.start(() => true);
    start(registration);
    await eventually(async () => expect(await instances()).toHaveLength(2));
    await registrar?.stop();
    start({ ...registration, id: "sluice-web-9090", port: 9090 });
    const ids = async (): Promise<readonly string[]> =>
      (await instances()).map(({ Service }) => String(Service["ID"])).toSorted();
    await eventually(async () => expect(await ids()).toEqual(["o", "sluice-web-9090"]));
    await others.leave();
  });

  test("a ttl check follows isWell()", async () => {
    let isWell = true;
    start(registration, () => isWell);
    await eventually(async () => expect(await checkStatus()).toBe("passing"));
    isWell = false;
    await eventually(async () => expect(await checkStatus()).toBe("critical"));
  });

  test.each(["http", "tcp"] as const)("a %s check is Consul's to make", async (kind) => {
    const server = createServer((_, response) => void response.end()).listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = `127.0.0.1:${(server.address() as { port: number }).port}`;
    // Consul's own shortest interval.
    const pace = { intervalMs: 1_000, timeoutMs: 500 };
    const check =
      kind === "tcp" ? { kind, address, ...pace } : { kind, url: `http://${address}/`, ...pace };
    start({ ...registration, check });
    await eventually(async () => expect(await checkStatus()).toBe("passing"));
    server.closeAllConnections();
    server.close();
    await eventually(async () => expect(await checkStatus()).toBe("critical"));
  });

  test("an agent that forgot or changed us gets us back", async () => {
    start(registration);
    await eventually(async () => expect(await instances()).toHaveLength(1));
    await agent.put(`agent/service/deregister/${registration.id}`);
    await eventually(async () => expect(await instances()).toHaveLength(1));
    await agent.kill();
    await agent.up();
    await eventually(async () => expect(await instances()).toHaveLength(1), 10_000);
  });

  test("leave() waits for no Consul that is away, nor long for one that hangs", async () => {
    start(registration);
    await eventually(async () => expect(await instances()).toHaveLength(1));
    agent.freeze();
    const startMs = performance.now();
    await registrar?.leave();
    expect(performance.now() - startMs).toBeLessThan(5_000);
    agent.thaw();
    // What it was asked to do while it hung, it does when it wakes.
    await eventually(async () => expect(await instances()).toEqual([]), 15_000);
    await agent.kill();
    await expect(registrar?.leave()).resolves.toBeUndefined();
  });

  test("leave() and stop() leave alone what is not theirs", async () => {
    start(registration);
    await eventually(async () => expect(await instances()).toHaveLength(1));
    // Another process with the same registration, which never got as far as registering.
    await new Registrar(hurried(deps), registration).leave();
    expect(await instances()).toHaveLength(1);
    await registrar?.stop();
    expect(await instances()).toHaveLength(1);
  });
});
