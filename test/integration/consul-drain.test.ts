import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { freePorts } from "../../control/cli/demo/children.ts";
import { ConsulFleet } from "../support/consul-fleet.ts";
import { consulForTests } from "../support/consul-binary.ts";
import { TestAgent } from "../support/consul.ts";
import { eventually } from "../support/eventually.ts";
import { LiveLoad } from "../support/live-load.ts";
import { startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";

/*
 * Goal: sidecars that callers find through Consul come and go, and no caller notices. Method: an
 * `edge` sidecar finds the instances of `shop` in Consul, each of which is a sidecar that has
 * registered itself; requests go through both.
 */

const binary = (await consulForTests()) ?? "";

type Instance = { readonly Service: { readonly ID: string; readonly Port: number } };

describe.skipIf(binary === "")("behind a sidecar that discovers it", { timeout: 60_000 }, () => {
  let agent: TestAgent;
  let folder: string;
  let fleet: ConsulFleet;
  let started: TestSidecar[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "sluice-drain-"));
    agent = await TestAgent.start(binary);
    fleet = await ConsulFleet.start(agent, folder);
    started = [];
  });
  afterEach(async () => {
    await Promise.all(started.map((sidecar) => sidecar.stop()));
    await fleet[Symbol.asyncDispose]();
    await agent[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  async function start(config: object): Promise<TestSidecar> {
    const sidecar = await startSidecar(config);
    started.push(sidecar);
    return sidecar;
  }

  /** A sidecar of one version that registers itself as an instance of `shop`. */
  async function startShop(version: 0 | 1, drain: object): Promise<TestSidecar> {
    const [port] = await freePorts();
    const endpoints = [fleet.origins[version]?.address];
    return start({
      listeners: [{ bind: `127.0.0.1:${port}`, service: "shop" }],
      consul: { address: agent.address, sidecar: `shop-${version}`, copies: false },
      register: {
        service: "shop",
        address: "127.0.0.1",
        port,
        check: { tcp: `127.0.0.1:${port}`, interval: "1s" },
      },
      drain,
      services: { shop: { versions: { v1: { endpoints } } } },
    });
  }

  async function startEdge(): Promise<LiveLoad> {
    const versions = { v1: { consul: { service: "shop" } } };
    const edge = await start({
      listeners: [{ bind: "127.0.0.1:0", service: "shop" }],
      consul: { address: agent.address, copies: false },
      services: { shop: { versions } },
    });
    return LiveLoad.start({
      port: edge.ports[0] ?? 0,
      host: "shop",
      busy: 8,
      pauseMs: 2,
      churnPerSecond: 50,
      idle: 8,
      webSockets: 0,
      messageEveryMs: 1_000,
    });
  }

  const passing = async (): Promise<readonly Instance[]> =>
    (await agent.get("health/service/shop?passing")) as readonly Instance[];

  test.each(["1s", "0s"])(
    "SIGTERM of one of two instances under load: 0 failed requests at the caller (acceptFor %s)",
    async (acceptFor) => {
      const [leaving, staying] = await Promise.all([
        startShop(0, { acceptFor, hard: "20s" }),
        startShop(1, {}),
      ]);
      await eventually(async () => expect(await passing()).toHaveLength(2), 10_000);
      await using load = await startEdge();
      await load.more(200);
      const [v1, v2] = fleet.origins.map(({ requests }) => requests) as [number, number];
      expect([v1, v2].every((requests) => requests > 20)).toBe(true);

      leaving.child.kill("SIGTERM");
      // Taken out first, while it still serves.
      await eventually(async () => {
        const ports = (await passing()).map(({ Service }) => Service.Port);
        expect(ports).toEqual([staying.ports[0]]);
      });
      expect(await leaving.ended).toBe(0);
      const events = leaving.log.map(({ event }) => event);
      expect(events.indexOf("registration.removed")).toBeGreaterThan(events.indexOf("drain.begin"));
      const gone = fleet.origins[0]?.requests;
      await load.more(200);
      expect(fleet.origins[0]?.requests).toBe(gone);

      const { answered, failures, idleClosed, busyClosed } = await load.finish();
      expect({ failures, idleClosed, busyClosed }).toEqual({
        failures: {},
        idleClosed: 0,
        busyClosed: 0,
      });
      process.stdout.write(`SIGTERM with acceptFor ${acceptFor}: ${answered} answers, 0 failed\n`);
    },
  );

  test("an upgrade keeps the registration, and the name in the fleet", async () => {
    const [port] = await freePorts();
    const config = fleet.configOf("edge", {
      more: {
        listeners: [{ bind: `127.0.0.1:${port}` }],
        register: { service: "shop", address: "127.0.0.1", port },
      },
    });
    const old = await start(config);
    await fleet.add("other");
    type Sidecars = { readonly sidecars: readonly { readonly sidecar: string }[] };
    const members = async (): Promise<readonly string[]> => {
      const answer = (await fleet.sidecars[0]?.call("GET", "/v1/fleet")) as Response;
      return ((await answer.json()) as Sidecars).sidecars.map(({ sidecar }) => sidecar);
    };
    await eventually(async () => expect(await members()).toEqual(["edge", "other"]));
    await eventually(async () => expect(await passing()).toHaveLength(1));
    await using load = await fleet.load(old);

    const answer = await old.call("POST", "/v1/upgrade", {});
    const { pid } = (await answer.json()) as { readonly pid: number };
    try {
      expect(await old.ended).toBe(0);
      await load.more(200);
      expect(old.log.map(({ event }) => event)).not.toContain("registration.removed");
      expect(await passing()).toHaveLength(1);
      await eventually(async () => expect(await members()).toEqual(["edge", "other"]));
      // Its word counts in the fleet: the new process is the one that acknowledges.
      const { status } = await fleet.shift(0, 70, "?wait=fleet");
      expect(status).toBe(200);
      const seen = await (await old.call("GET", "/v1/services/web")).json();
      expect(seen).toMatchObject({ revision: 2, weights: { v1: 70 } });
      await fleet.expectNoFailure();
      // Only when it ends itself is it taken out.
      process.kill(pid, "SIGTERM");
      await eventually(async () => expect(await passing()).toEqual([]));
    } finally {
      killIfAlive(pid);
    }
  });

  test("an upgrade registers what the file says by then, and leaves nothing behind", async () => {
    const [port] = await freePorts();
    const configOf = (service: string, check: object): object =>
      fleet.configOf("edge", {
        more: {
          listeners: [{ bind: `127.0.0.1:${port}` }],
          register: { service, address: "127.0.0.1", port, check },
        },
      });
    type Registered = Readonly<Record<string, { readonly Service: string }>>;
    const registered = async (): Promise<readonly string[]> =>
      Object.values((await agent.get("agent/services")) as Registered)
        .map(({ Service }) => Service)
        .filter((service) => service !== "web");
    const checkOf = async (service: string): Promise<unknown> =>
      agent.get(`health/checks/${service}`);
    const old = await start(configOf("shop", { http: `http://127.0.0.1:${port}/health` }));
    await eventually(async () => expect(await registered()).toEqual(["shop"]));
    await old.writeConfig(configOf("store", { tcp: `127.0.0.1:${port}`, interval: "1s" }));
    const answer = await old.call("POST", "/v1/upgrade", {});
    const { pid } = (await answer.json()) as { readonly pid: number };
    try {
      expect(await old.ended).toBe(0);
      await eventually(async () => expect(await registered()).toEqual(["store"]), 15_000);
      await eventually(async () =>
        expect(await checkOf("store")).toMatchObject([{ Type: "tcp", Status: "passing" }]),
      );
      expect(await checkOf("shop")).toEqual([]);
    } finally {
      killIfAlive(pid);
    }
  });
});

function killIfAlive(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}
