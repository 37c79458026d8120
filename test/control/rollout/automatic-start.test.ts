import { describe, expect, test } from "vitest";
import { ANY } from "../../support/started-services.ts";
import { RolloutBed } from "./rollout-bed.ts";

const BY = { actor: "ann", reason: "a test" };
const V1 = { weight: 100, endpoints: ["10.0.0.5:3000"] };
const idle = (port: number): object => ({ weight: 0, endpoints: [`10.0.0.6:${port}`] });
const rollout = { on: "newVersion", preset: "fast", strategy: "blueGreen" } as const;

/** A service that begins rollouts by itself, when what it has is no longer new. */
async function settled(): Promise<RolloutBed> {
  const bed = await RolloutBed.start();
  await put(bed, { v1: V1 });
  await bed.pass(40);
  return bed;
}

async function put(bed: RolloutBed, versions: Readonly<Record<string, object>>): Promise<void> {
  await bed.services.put("web", { versions, rollout }, ANY);
}

function begun(bed: RolloutBed): readonly string[] {
  return bed.rollouts.list().map(({ spec, actor }) => `${actor} ${spec.from} ${spec.to}`);
}

describe("AutomaticStart", () => {
  test("rolls out what comes, as the service says, and says why", async () => {
    const bed = await settled();
    await put(bed, { v1: V1, v2: idle(1) });
    await bed.pass(2);
    expect(begun(bed)).toEqual(["automatic v1 v2"]);
    const [rolledOut] = bed.rollouts.list();
    expect(rolledOut).toMatchObject({ reason: "v2 has appeared", spec: { strategy: "blueGreen" } });
  });

  test("takes what is there at first for old", async () => {
    const bed = await RolloutBed.start();
    await put(bed, { v1: V1, v2: idle(1) });
    await bed.pass(60);
    expect(begun(bed)).toEqual([]);
  });

  test("begins none twice: not after an abort or a restart, nor when it comes again", async () => {
    const bed = await settled();
    await put(bed, { v1: V1, v2: idle(1) });
    await bed.pass(2);
    await bed.rollouts.act("web", "abort", { ...BY, full: false });
    await bed.pass(5);
    await bed.restart();
    await bed.pass(40);
    await put(bed, { v1: V1 });
    await bed.pass(5);
    await put(bed, { v1: V1, v2: idle(1) });
    await bed.pass(5);
    expect(begun(bed)).toEqual(["automatic v1 v2"]);
  });

  test("never goes back by itself to what had the traffic", async () => {
    const bed = await settled();
    await put(bed, { v1: V1, v2: idle(1) });
    await bed.pass(2);
    await bed.rollouts.act("web", "promote", { ...BY, full: true });
    await bed.pass(60);
    expect(begun(bed)).toEqual(["automatic v1 v2"]);
  });

  test("waits for what stands against it, and says so once", async () => {
    const bed = await settled();
    await bed.rollouts.freeze("web", bed.clock.wallMs() + 60_000, BY);
    await put(bed, { v1: V1, v2: idle(1) });
    await bed.pass(5);
    expect([begun(bed), bed.logged]).toEqual([[], ["rollout.not-begun"]]);
    await bed.rollouts.thaw("web", BY);
    await bed.pass(2);
    expect(begun(bed)).toEqual(["automatic v1 v2"]);
  });

  test("gives the service a version that only the registry has", async () => {
    const bed = await settled();
    const consul = { service: "web", version: "v1" };
    await put(bed, { v1: V1, old: { weight: 0, consul } });
    bed.registered = [{ name: "v7", like: "old" }];
    await bed.pass(2);
    expect(bed.services.document("web").versions["v7"]).toEqual({
      weight: 0,
      consul: { service: "web", version: "v7" },
    });
    expect(begun(bed)).toEqual(["automatic v1 v7"]);
  });

  test("refuses what is no name of a version", async () => {
    const bed = await settled();
    bed.registered = [{ name: "no name", like: "v1" }];
    await bed.pass(3);
    expect([begun(bed), bed.logged]).toEqual([[], ["rollout.not-begun"]]);
  });
});
