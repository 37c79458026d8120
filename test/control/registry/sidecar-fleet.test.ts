import { expect, test } from "vitest";
import { SidecarFleet } from "../../../control/registry/sidecar-fleet.ts";
import { eventually } from "../../support/eventually.ts";
import { openConsulBed } from "../../support/fake-consul-bed.ts";
import type { FakeConsulBed } from "../../support/fake-consul-bed.ts";

const PREFIX = "sluice";

/** A sidecar of the fleet of this bed. */
function fleetOf({ deps }: FakeConsulBed, sidecar = "a/1"): SidecarFleet {
  return new SidecarFleet(deps, { prefix: PREFIX, sidecar, host: "here" });
}

test("SidecarFleet.run() lists the sidecar with its address and its growing revision", async () => {
  const bed = await openConsulBed();
  const fleet = fleetOf(bed);
  fleet.announce("http://10.0.0.7:9180");
  const { end, done } = bed.run((signal) => fleet.run(signal));
  const place = { api: "http://10.0.0.7:9180", host: "here" };
  const member = { sidecar: "a/1", revision: 0, ...place };
  await eventually(async () => expect(await fleet.members()).toEqual([member]));
  fleet.acknowledge(7);
  await eventually(async () => expect(await fleet.members()).toEqual([{ ...member, revision: 7 }]));
  expect([...bed.consul.keys.keys()]).toEqual(["sluice/fleet/a%2F1"]);
  end.abort();
  await done;
  expect(await fleet.members()).toEqual([]);
});

test("SidecarFleet.run() takes the place of its own former life", async () => {
  const bed = await openConsulBed();
  bed.consul.sessions.set("former", {});
  bed.consul.set("sluice/fleet/a%2F1", '{"revision":3}', "former");
  const fleet = fleetOf(bed);
  bed.run((signal) => fleet.run(signal));
  await eventually(async () => expect(await fleet.members()).toMatchObject([{ revision: 0 }]));
  expect(bed.consul.sessions.has("former")).toBe(false);
  expect(bed.deps.lines.join()).toContain("fleet.took_place");
});

test("SidecarFleet.run() does not take a place that it has yielded, until it resumes", async () => {
  const bed = await openConsulBed();
  const fleet = fleetOf(bed);
  fleet.yield();
  bed.run((signal) => fleet.run(signal));
  fleet.acknowledge(1);
  expect(await fleet.members()).toEqual([]);
  expect(bed.consul.sessions.size).toBe(0);
  fleet.resume();
  await eventually(async () => expect(await fleet.members()).toMatchObject([{ revision: 1 }]));
});

test("SidecarFleet.members() leaves out the dead, and takes nonsense for revision 0", async () => {
  const bed = await openConsulBed();
  bed.consul.set("sluice/fleet/dead", '{"revision":3}');
  bed.consul.set("sluice/fleet/odd", "nonsense", "session-9");
  bed.consul.set("sluice/fleet/__proto__", '{"revision":4}', "session-8");
  expect(await fleetOf(bed).members()).toEqual([
    { sidecar: "odd", revision: 0, api: undefined, host: undefined },
    { sidecar: "__proto__", revision: 4, api: undefined, host: undefined },
  ]);
});

test("SidecarFleet.whoLags() waits for all, and after its time names those who lag", async () => {
  const bed = await openConsulBed();
  const fleet = fleetOf(bed);
  bed.consul.set("sluice/fleet/a%2F1", '{"revision":9}', "session-8");
  bed.consul.set("sluice/fleet/slow", '{"revision":3}', "session-9");
  expect(await fleet.whoLags(4, 300)).toMatchObject([{ sidecar: "slow", revision: 3 }]);
  const waiting = fleet.whoLags(4, 10_000);
  bed.consul.set("sluice/fleet/slow", '{"revision":4}', "session-9");
  expect(await waiting).toEqual([]);
});

test("SidecarFleet.whoLags() counts us as late when we are not on the list", async () => {
  const bed = await openConsulBed();
  const fleet = fleetOf(bed);
  expect(await fleet.whoLags(4, 200)).toMatchObject([{ sidecar: "a/1", revision: 0 }]);
  bed.consul.set("sluice/fleet/other", '{"revision":4}', "session-9");
  expect(await fleet.whoLags(4, 200)).toMatchObject([{ sidecar: "a/1" }]);
});

test("SidecarFleet.run() puts its key back when somebody has deleted it", async () => {
  const bed = await openConsulBed();
  const fleet = fleetOf(bed);
  bed.run((signal) => fleet.run(signal));
  fleet.acknowledge(4);
  const listed = async (): Promise<void> =>
    expect(await fleet.members()).toMatchObject([{ sidecar: "a/1", revision: 4 }]);
  await eventually(listed);
  for (let times = 0; times < 2; times += 1) {
    bed.consul.keys.clear();
    bed.consul.changed();
    await eventually(listed);
  }
});

test("SidecarFleet.members() takes no names and revisions that no sidecar writes", async () => {
  const bed = await openConsulBed();
  bed.consul.set("sluice/fleet/%zz", '{"revision":3}', "session-7");
  bed.consul.set("sluice/fleet/far", '{"revision":9007199254740992}', "session-8");
  bed.consul.set("sluice/fleet/half", '{"revision":0.5}', "session-9");
  const long = JSON.stringify({ revision: 3, api: "x".repeat(100_000) });
  bed.consul.set("sluice/fleet/long", long, "session-10");
  expect(await fleetOf(bed).members()).toMatchObject([
    { sidecar: "far", revision: 0 },
    { sidecar: "half", revision: 0 },
    { sidecar: "long", revision: 0, api: undefined },
  ]);
});

test("SidecarFleet refuses a list of 100 000 keys, and says so to who waits", async () => {
  const bed = await openConsulBed();
  for (let index = 0; index < 100_000; index += 1) {
    const key = { value: "{}", modifyIndex: 1, lockIndex: 0, session: "s" };
    bed.consul.keys.set(`sluice/fleet/${index}`, key);
  }
  const refusal = { code: "consul_unreadable", message: expect.stringContaining("found 100000") };
  await expect(fleetOf(bed).members()).rejects.toMatchObject(refusal);
  await expect(fleetOf(bed).whoLags(1, 100)).rejects.toMatchObject(refusal);
});

test("SidecarFleet says once why it is not on the list, and that until it is", async () => {
  const bed = await openConsulBed();
  const fleet = fleetOf(bed);
  bed.consul.fault = { kind: "answer", status: 403, text: "token lacks session:write" };
  bed.run((signal) => fleet.run(signal));
  await eventually(() => expect(bed.consul.asked.length).toBeGreaterThan(3));
  expect(fleet.problem).toMatch(/Cannot make session sluice fleet a.*session:write/);
  const told = bed.deps.lines.filter((line) => line.includes("fleet.not_listed"));
  expect(told).toHaveLength(1);
  bed.consul.fault = undefined;
  await eventually(() => expect(fleet.problem).toBeUndefined());
  expect(await fleet.members()).toHaveLength(1);
});
