import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { consulForTests } from "../support/consul-binary.ts";
import { ConsulFleet } from "../support/consul-fleet.ts";
import { TestAgent } from "../support/consul.ts";
import { eventually } from "../support/eventually.ts";

/*
 * Goal: no request fails while Consul suffers. Method: two whole sidecars over a real agent, under
 * load. Not in the gate, where test/integration/consul-sidecars has the short ones: these outages
 * have their real lengths.
 */

const binary = (await consulForTests()) ?? "";

/** Changes of a pool that an endpoint may cause that flaps once a second for a minute. */
const FLAP_CHANGES_MAX = 10;

describe.skipIf(binary === "")("two sidecars under load", () => {
  let agent: TestAgent;
  let folder: string;
  let fleet: ConsulFleet;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "sluice-soak-"));
    agent = await TestAgent.start(binary);
    fleet = await ConsulFleet.start(agent, folder);
  });
  afterEach(async () => {
    await fleet[Symbol.asyncDispose]();
    await agent[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  test.each([1, 10, 60])("the agent is killed and comes back empty after %i s", async (seconds) => {
    await fleet.pair();
    await agent.kill();
    await sleep(seconds * 1_000);
    await agent.up();
    await fleet.heard();
    await fleet.traffic();
    await fleet.registerAll();
    await fleet.inStep();
    await fleet.expectNoFailure();
  });

  test("the agent hangs: writes fail with a reason, readyz is stale, traffic goes on", async () => {
    await fleet.pair();
    agent.freeze();
    await sleep(20_000);
    expect(await fleet.readiness(0)).toMatch(/^200; table: .*does not answer.*; endpoints: /);
    const { status, body } = await fleet.shift(0, 10);
    expect([status, body["code"]]).toEqual([503, "store_unwritable"]);
    agent.thaw();
    await fleet.inStep();
    await fleet.expectNoFailure();
  });

  test("a sidecar starts, and another one ends, while the agent hangs", async () => {
    const first = await fleet.add("a");
    await (await fleet.load(await fleet.add("b"))).more(50);
    agent.freeze();
    const endMs = performance.now();
    await fleet.end(first);
    const startMs = performance.now();
    // It has a copy under its name.
    const again = await fleet.add("a");
    process.stdout.write(
      `ended in ${startMs - endMs} ms, started in ${performance.now() - startMs}\n`,
    );
    expect(startMs - endMs).toBeLessThan(10_000);
    expect(performance.now() - startMs).toBeLessThan(14_000);
    expect(await fleet.readiness(1)).toMatch(/^200; table: /);
    await (await fleet.load(again)).more(50);
    agent.thaw();
    await fleet.inStep();
    await fleet.expectNoFailure();
  });

  test("the table is deleted, then overwritten with garbage", async () => {
    await fleet.pair();
    await agent.delete("kv/sluice/?recurse");
    await eventually(async () => expect(await agent.get("kv/sluice/table")).toBeDefined(), 20_000);
    await agent.put("kv/sluice/table", "garbage");
    await sleep(1_000);
    await fleet.inStep();
    await fleet.expectNoFailure();
  });

  test("a sidecar that stands still is named by wait=fleet, and catches up", async () => {
    const [, b] = await fleet.pair();
    // Its workers serve, and in Consul's eyes it lives.
    b.child.kill("SIGSTOP");
    const { status, body } = await fleet.shift(0, 40, "?wait=fleet");
    b.child.kill("SIGCONT");
    expect([status, body]).toMatchObject([503, { code: "fleet_lags", revision: 2 }]);
    expect(body["detail"]).toMatch(/: it is stored, but b \(at 1\) did not follow within 10 s$/);
    await eventually(async () => expect(await fleet.view()).toEqual(["2: 40", "2: 40"]));
    await fleet.expectNoFailure();
  });

  test("an endpoint flaps once a second for a minute", async () => {
    const [a] = await fleet.pair();
    const address = fleet.origins[1]?.address ?? "";
    const Check = { CheckID: "flap", TTL: "120s", Status: "passing" };
    await fleet.register("v2", address, { Check });
    // Another instance of v2, so that there is one to go on with.
    await fleet.register("v2", fleet.spare.address, { ID: "steady" });
    const healths: boolean[] = [];
    for (let second = 0; second < 60; second += 1) {
      await agent.put(`agent/check/${second % 2 === 0 ? "fail" : "pass"}/flap`);
      await sleep(1_000);
      const metrics = await (await a.call("GET", "/metrics")).text();
      const state = `endpoint="${address}",state="unhealthy"`;
      const line = metrics.split("\n").find((each) => each.includes(state));
      expect(line).toBeDefined();
      healths.push(line?.endsWith(" 0") === true);
    }
    process.stdout.write(`${healths.map((healthy) => (healthy ? "+" : "-")).join("")}\n`);
    const changes = healths.filter((healthy, index) => healthy !== (healths[index - 1] ?? true));
    process.stdout.write(`60 changes in Consul made ${changes.length} of the pool\n`);
    expect(changes.length).toBeLessThan(FLAP_CHANGES_MAX);
    await fleet.expectNoFailure();
  });
});
