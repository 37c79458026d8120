import { mkdtemp, rm } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ConsulFleet } from "../support/consul-fleet.ts";
import { consulForTests } from "../support/consul-binary.ts";
import { TestAgent } from "../support/consul.ts";
import { eventually } from "../support/eventually.ts";

/*
 * Goal: whatever happens to Consul, no request fails. Method: two whole sidecars over a real agent,
 * both under load; every test ends with a count of failed requests, which is 0. Outages of
 * realistic length are in test/soak.
 */

const binary = (await consulForTests()) ?? "";

describe.skipIf(binary === "")("sidecars over Consul, under load", { timeout: 60_000 }, () => {
  let agent: TestAgent;
  let folder: string;
  let fleet: ConsulFleet;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "sluice-fleet-"));
    agent = await TestAgent.start(binary);
    fleet = await ConsulFleet.start(agent, folder);
  });
  afterEach(async () => {
    await fleet[Symbol.asyncDispose]();
    await agent[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  test("a shift through one is in force in all when wait=fleet answers", async () => {
    const [a, b] = await fleet.pair();
    const { status, body } = await fleet.shift(0, 100, "?wait=fleet");
    expect([status, body["revision"]]).toEqual([200, 2]);
    // In force already: not one more answer from v2.
    const before = fleet.origins[1]?.requests;
    await fleet.traffic();
    expect(fleet.origins[1]?.requests).toBe(before);
    expect(await (await b.call("GET", "/v1/fleet")).json()).toEqual({
      revision: 2,
      sidecars: [
        { sidecar: "a", revision: 2, api: a.api, host: hostname() },
        { sidecar: "b", revision: 2, api: b.api, host: hostname() },
      ],
    });
    await fleet.expectNoFailure();
  });

  test("the agent is killed and comes back empty after a second", async () => {
    await fleet.pair();
    await agent.kill();
    const down = performance.now();
    await eventually(async () =>
      expect(await fleet.readiness(0)).toMatch(/^200; table: .*; endpoints: not confirmed/),
    );
    const metrics = await (await fleet.sidecars[0]?.call("GET", "/metrics"))?.text();
    expect(metrics).toMatch(/^sluice_registry_staleness_seconds 0\.\d*[1-9]/m);
    const { status, body } = await fleet.shift(0, 10);
    expect([status, body["code"]]).toEqual([503, "store_unwritable"]);
    await eventually(() => expect(performance.now() - down).toBeGreaterThan(1_000));
    await agent.up();
    // It knows no instance at all, and says so.
    await fleet.heard();
    await fleet.traffic();
    await fleet.registerAll();
    await fleet.inStep();
    await fleet.expectNoFailure();
  });

  test("the table is overwritten with garbage, and edited by hand", async () => {
    await fleet.pair();
    const key = "kv/sluice/table";
    const stored = async (): Promise<string> => {
      const [entry] = (await agent.get(key)) as [{ readonly Value: string }];
      return Buffer.from(entry.Value, "base64").toString();
    };
    await agent.put(key, "garbage");
    await eventually(async () => {
      const all = [await fleet.readiness(0), await fleet.readiness(1)];
      const refused = expect.stringMatching(/^200; table: Cannot use .* it is not JSON$/) as string;
      expect(all).toEqual([refused, refused]);
    });
    expect(await fleet.view()).toEqual(["1: 50", "1: 50"]);
    // The next write repairs it.
    await fleet.inStep();
    const edited = (await stored()).replace('"weight": 30', '"weight": 35');
    await agent.put(key, edited);
    await eventually(async () => expect(await fleet.view()).toEqual(["3: 35", "3: 35"]));
    await fleet.expectNoFailure();
  });

  test("100 services are registered again within a second while an endpoint flaps", async () => {
    const [a] = await fleet.pair();
    const names = Array.from({ length: 100 }, (_, index) => `other-${index}`);
    const registerOthers = async (): Promise<unknown> =>
      Promise.all(
        names.map(async (Name) =>
          fleet.register("v1", "127.0.0.1:9", { ID: Name, Name, Meta: { version: "v1" } }),
        ),
      );
    await registerOthers();
    const services = Object.fromEntries(
      names.map((name) => [name, { versions: { v1: { consul: { service: name } } } }]),
    );
    for (const name of names.slice(0, 20))
      await a.call("PUT", `/v1/services/${name}`, services[name]);
    // One of the two instances of v2 flaps.
    await fleet.register("v2", fleet.spare.address, {
      ID: "flapping",
      Check: { CheckID: "flap", TTL: "60s", Status: "passing" },
    });
    for (let second = 0; second < 4; second += 1) {
      const startMs = performance.now();
      await agent.put(`agent/check/${second % 2 === 0 ? "fail" : "pass"}/flap`);
      await registerOthers();
      await eventually(() => expect(performance.now() - startMs).toBeGreaterThan(1_000));
    }
    await fleet.inStep();
    await fleet.expectNoFailure();
  });

  test("a sidecar that starts without Consul serves its last good table, and says so", async () => {
    const first = await fleet.add("a");
    expect((await fleet.shift(0, 70)).status).toBe(200);
    await eventually(async () => expect(await fleet.view()).toEqual(["2: 70"]));
    await fleet.end(first);
    await agent.kill();
    const again = await fleet.add("a");
    // With copies it does not wait for a Consul that refuses; without them it would, for 5 s.
    const [found, open] = ["store.out_of_step", "listener.open"].map((event) =>
      Date.parse(String(again.log.find((line) => line.event === event)?.["time"])),
    ) as [number, number];
    expect(open - found).toBeLessThan(4_000);
    await (await fleet.load(again)).more(50);
    expect(fleet.origins.map(({ requests }) => requests > 0)).toEqual([true, true]);
    expect(await fleet.view()).toEqual(["2: 70"]);
    expect(await fleet.readiness(0)).toMatch(/^200; table: .*cannot be reached.*; endpoints: /);
    await agent.up();
    await fleet.registerAll();
    await fleet.inStep();
    await fleet.expectNoFailure();
  });
});
