import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ConsulFleet } from "../support/consul-fleet.ts";
import { consulForTests } from "../support/consul-binary.ts";
import { startCluster } from "../support/consul.ts";
import type { TestAgent } from "../support/consul.ts";
import { eventually } from "../support/eventually.ts";

/* Goal: three Consul servers die one after the other, and no request fails. See consul-sidecars. */

const binary = (await consulForTests()) ?? "";

describe.skipIf(binary === "")("sidecars over three servers, under load", () => {
  let agents: readonly TestAgent[] = [];
  let folder: string;
  let fleet: ConsulFleet;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "sluice-cluster-"));
    agents = await startCluster(binary);
  });
  afterEach(async () => {
    await fleet[Symbol.asyncDispose]();
    await Promise.all(agents.map(async (agent) => agent[Symbol.asyncDispose]()));
    await rm(folder, { recursive: true });
  });

  async function isLeader(agent: TestAgent): Promise<boolean> {
    const self = (await agent.get("agent/self")) as { Stats: { raft: { state: string } } };
    return self.Stats.raft.state === "Leader";
  }

  test("the leader is killed, then another, so that reads are stale and writes 503", async () => {
    const leads = await Promise.all(agents.map(isLeader));
    const leader = agents[leads.indexOf(true)] as TestAgent;
    const [survivor, other] = agents.filter((agent) => agent !== leader) as [TestAgent, TestAgent];
    fleet = await ConsulFleet.start(survivor, folder);
    await fleet.pair();

    await leader.kill();
    await fleet.inStep();
    const before = await fleet.view();

    await other.kill();
    await eventually(async () => {
      const { status, body } = await fleet.shift(0, 1);
      expect(status).toBe(503);
      expect(body["detail"]).toMatch(/^Cannot write the table to Consul: .*No cluster leader/);
    }, 30_000);
    await eventually(async () => expect(await fleet.readiness(0)).toMatch(/^200; /), 30_000);
    expect(await fleet.view()).toEqual(before);
    // Any server still tells what it knows: enough for a sidecar that has no copy, and asks now.
    const late = await fleet.add("late", { consul: { copies: false } });
    expect((await fleet.view())[2]).toBe(before[0]);
    await (await fleet.load(late)).more(50);

    await Promise.all([leader.up(), other.up()]);
    await fleet.inStep();
    await fleet.expectNoFailure();
  }, 120_000);
});
