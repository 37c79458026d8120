import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ConsulStore } from "../../control/registry/consul-store.ts";
import type { StoredTable } from "../../control/store/store.ts";
import { consulForTests } from "../support/consul-binary.ts";
import { consulDeps } from "../support/consul-deps.ts";
import { startCluster } from "../support/consul.ts";
import type { TestAgent } from "../support/consul.ts";
import { eventually } from "../support/eventually.ts";

/*
 * Goal: no table is lost or mixed up while three servers die and come back. One store, no sidecar.
 */

const binary = (await consulForTests()) ?? "";

function tableOf(revision: number): StoredTable {
  return { revision, services: { web: { versions: { v1: { endpoints: ["127.0.0.1:3000"] } } } } };
}

describe.skipIf(binary === "")("with a cluster of three", { timeout: 30_000 }, () => {
  let agents: readonly TestAgent[] = [];

  beforeEach(async () => {
    agents = await startCluster(binary);
  }, 60_000);
  afterEach(async () => {
    await Promise.all(agents.map(async (agent) => agent[Symbol.asyncDispose]()));
  });

  /** The leader first. */
  async function byRank(): Promise<readonly TestAgent[]> {
    const leading = await Promise.all(
      agents.map(async (agent) => {
        const self = (await agent.get("agent/self")) as { Stats: { raft: { state: string } } };
        return self.Stats.raft.state === "Leader";
      }),
    );
    return agents.toSorted(
      (a, b) => Number(leading[agents.indexOf(b)]) - Number(leading[agents.indexOf(a)]),
    );
  }

  test("the table survives its leader; without one reads are stale and writes fail", async () => {
    const [leader, survivor, other] = (await byRank()) as [TestAgent, TestAgent, TestAgent];
    await using deps = consulDeps({ address: survivor.address });
    const open = (sidecar: string): ConsulStore =>
      new ConsulStore(deps, { prefix: "sluice", sidecar });
    const writer = open("writer");
    /** One more revision, however often it has to be tried. */
    const saveNext = async (): Promise<number> =>
      eventually(async () => {
        const revision = (await open("reader").load())?.revision ?? 0;
        await writer.save(tableOf(revision + 1), revision);
        return revision + 1;
      }, 30_000);
    const heard: number[] = [];
    const ending = new AbortController();
    const following = open("follower").follow(
      ({ revision }) => void heard.push(revision),
      ending.signal,
    );

    await saveNext();
    await leader.kill();
    const kept = await saveNext();
    await eventually(() => expect(heard.at(-1)).toBe(kept), 10_000);

    // A follower learns a little later that what it holds is committed.
    await eventually(async () => {
      const [entry] = (await survivor.get("kv/sluice/table?stale")) as [{ Value: string }];
      expect(Buffer.from(entry.Value, "base64").toString()).toContain(`"revision": ${kept}`);
    });

    await other.kill();
    const refused = await writer.save(tableOf(kept + 1), kept).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "store_unwritable", status: 503 });
    expect(String(refused)).toMatch(
      /Cannot write the table to Consul: .* Consul (answered 500|does not)/,
    );
    expect(await open("reader").load()).toEqual(tableOf(kept));

    await Promise.all([leader.up(), other.up()]);
    const last = await saveNext();
    await eventually(() => expect(heard.at(-1)).toBe(last), 10_000);
    ending.abort();
    await following;
  }, 90_000);
});
