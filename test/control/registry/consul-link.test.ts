import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readConfig } from "../../../control/config/load.ts";
import { Events } from "../../../control/records/events.ts";
import { Audit } from "../../../control/records/audit.ts";
import { ConsulLink } from "../../../control/registry/consul-link.ts";
import { newSigningKey } from "../../../control/registry/signing-key.ts";
import { untilAborted } from "../../../control/store/until-aborted.ts";
import { CONSUL_LEAF, CONSUL_ROOTS } from "../../support/connect-answers.ts";
import { eventually } from "../../support/eventually.ts";
import { openConsulBed } from "../../support/fake-consul-bed.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { started, web } from "../../support/started-services.ts";

/** A link of a sidecar of this configuration to a fake agent. */
async function link(more: object = {}, copies?: string, consul: object = {}) {
  // Taken away after the bed, which may still be writing a copy.
  const folder = await mkdtemp(join(tmpdir(), "sluice-link-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const bed = await openConsulBed();
  const document = {
    listeners: [{ bind: "127.0.0.1:0" }],
    consul: { address: bed.consul.address, sidecar: "a", copies: copies ?? folder, ...consul },
    ...more,
  };
  const config = readConfig(JSON.stringify(document), { file: "test", environment: {} });
  if (config.consul === undefined) throw new Error("The configuration has lost Consul");
  const { clock, random, log } = bed.deps;
  const intentions: unknown[] = [];
  const mesh = {
    setMaterial: async (): Promise<void> => undefined,
    setIntentions: async (told: unknown): Promise<void> => void intentions.push(told),
  };
  const deps = { clock, random, log, events: new Events(clock) };
  const own = await ConsulLink.open(config, config.consul, deps);
  own.mesh?.join(mesh);
  bed.run(async (signal) => {
    await untilAborted(signal);
    await own.detach();
    await own.close();
  });
  return { ...bed, link: own, folder, events: deps.events, intentions };
}

const SHARED = { store: { kind: "consul", prefix: "sluice" } };

test("ConsulLink without a store in Consul is in no fleet and keeps no audit log", async () => {
  const { link: own, consul } = await link();
  expect([own.store, own.fleet, own.shared?.auditPath]).toEqual([undefined, undefined, undefined]);
  expect(own.stale).toEqual([]);
  expect(consul.asked).toEqual([]);
});

test("ConsulLink sends the token of a file, and the next one that the file has", async () => {
  const tokenFile = join(await temporaryFolder(), "token");
  await writeFile(tokenFile, "one\n");
  const { link: own, consul } = await link({}, undefined, { tokenFile });
  const ask = async (): Promise<unknown> => {
    await own.client.request({ action: "read a", path: "kv/a" });
    return consul.last?.headers["x-consul-token"];
  };
  expect(await ask()).toBe("one");
  own.start();
  await writeFile(tokenFile, "two\n");
  await eventually(async () => expect(await ask()).toBe("two"));
});

test("ConsulLink keeps its copies in a folder of the sidecar's name", async () => {
  const { link: own, folder } = await link(SHARED);
  expect(own.shared?.auditPath).toBe(join(folder, "a", "audit.jsonl"));
});

test("ConsulLink names sidecars that do not follow its table", async () => {
  const { link: own, consul } = await link(SHARED);
  own.fleet?.acknowledge(7);
  consul.set("sluice/fleet/slow", '{"revision":5}', "session-9");
  own.start();
  const problem = "fleet: slow acts on revision 5; here it is 7";
  await eventually(() => expect(own.shared?.fleetProblem).toBe(problem));
  consul.set("sluice/fleet/slow", '{"revision":7}', "session-9");
  await eventually(() => expect(own.shared?.fleetProblem).toBeUndefined());
});

test("ConsulLink says that Consul refuses its registration and place in the fleet", async () => {
  const register = { service: "web", port: 8080 };
  const { link: own, consul } = await link({ ...SHARED, register });
  const { services } = await started({ web });
  consul.fault = { kind: "answer", status: 403, text: "Permission denied" };
  own.start();
  own.arrive(services, "http://10.0.0.7:9180", () => true);
  const denied = "Consul answered 403 (Permission denied)";
  await eventually(() => expect(own.stale.join()).toContain("registration: Cannot"));
  expect(own.stale.join()).toContain(denied);
  await eventually(() => expect(own.shared?.fleetProblem).toContain(denied));
  expect(own.shared?.fleetProblem).toMatch(/^fleet: this sidecar is not on the list \(Cannot make/);
});

test("ConsulLink notes the end of the audit log that it has a place for", async () => {
  const { link: own, consul, deps } = await link(SHARED);
  const audit = await Audit.open({ path: own.shared?.auditPath, clock: deps.clock });
  own.shared?.note(audit);
  own.start();
  const fact = { actor: "local", action: "put", service: "web", reason: undefined, revision: 1 };
  await audit.append({ ...fact, before: undefined, after: undefined });
  const note = (): string | undefined => consul.keys.get("sluice/audit/a")?.value;
  await eventually(() => expect(note()).toContain(audit.head?.hash));
  expect(own.shared?.auditProblem).toBeUndefined();
  expect(await own.shared?.acceptAudit({ actor: "local", reason: undefined }, 1)).toBe(false);
});

test("ConsulLink says that others have had a later table, where it trusts only some", async () => {
  const { services } = await started({ web });
  const others = JSON.stringify({ revision: 12 });
  const trust = [newSigningKey().publicKey];
  const store = { ...SHARED.store, trust };
  for (const [more, wanted] of [
    [SHARED, undefined],
    [{ store }, expect.stringContaining("it has revision 4, but sluice/fleet/b says")],
  ] as const) {
    const { link: own, consul, events, deps } = await link(more);
    consul.set("sluice/fleet/b", others, "session-9");
    own.start();
    own.fleet?.acknowledge(4);
    own.arrive(services, "http://10.0.0.7:9180", () => true);
    const told = (): number => deps.lines.join().split("store.older").length - 1;
    const count = wanted === undefined ? 0 : 1;
    await eventually(() => expect([own.shared?.problem, told()]).toEqual([wanted, count]));
    expect(events.since(0)).toHaveLength(count);
  }
});

test("ConsulLink goes without an audit log where no folder can be made", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sluice-link-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, "file"), "");
  const { link: own, deps } = await link(SHARED, join(folder, "file"));
  expect(own.shared?.auditPath).toBeUndefined();
  expect(own.shared?.auditProblem).toContain("The audit log is only in memory: ");
  expect(deps.lines.join()).toContain("kept_copy.unwritable");
});

test("ConsulLink.acknowledging() tells the fleet what the workers act on, no failure", async () => {
  const { link: own, consul } = await link(SHARED);
  let fails = false;
  const sink = own.acknowledging({
    apply: () => (fails ? Promise.reject(new Error("silent")) : Promise.resolve()),
  });
  own.start();
  await sink.apply({ revision: 4, replace: [], remove: [] });
  const member = (): string | undefined => consul.keys.get("sluice/fleet/a")?.value;
  await eventually(() => expect(member()).toContain('"revision":4'));
  fails = true;
  const failing = sink.apply({ revision: 5, replace: [], remove: [] });
  await expect(failing).rejects.toThrow("silent");
  own.fleet?.announce("http://later");
  await eventually(() => expect(member()).toContain("http://later"));
  expect(member()).toContain('"revision":4');
});

test("ConsulLink registers when callers may come, deregisters before a drain", async () => {
  const { link: own, consul } = await link({
    ...SHARED,
    register: { service: "edge", port: 8080 },
  });
  const { services } = await started({ web });
  own.start();
  await own.settle(services, 100);
  expect(consul.registered.size).toBe(0);
  own.arrive(services, "http://10.0.0.7:9180", () => true);
  await eventually(() => expect(consul.registered.size).toBe(1));
  await own.leave(new AbortController().signal);
  expect(consul.registered.size).toBe(0);
});

test("ConsulLink.settle() waits no longer than told for a Consul that is away", async () => {
  const { link: own, consul } = await link();
  consul.fault = { kind: "silence" };
  const consulWeb = { versions: { v1: { consul: { service: "web" } } } };
  const { services } = await started({ web: consulWeb }, { discovery: own.discovery });
  await own.settle(services, 50);
  expect(services.snapshot("web").versions[0]?.endpoints).toEqual([]);
  expect(own.stale).toEqual([
    expect.stringMatching(/^endpoints: not confirmed by Consul for \d+ s$/),
  ]);
});

test("ConsulLink says in Consul's words why it has no endpoints", async () => {
  const { link: own, consul } = await link();
  consul.fault = { kind: "answer", status: 500, text: "No path to datacenter" };
  const consulWeb = { versions: { v1: { consul: { service: "web" } } } };
  const { services } = await started({ web: consulWeb }, { discovery: own.discovery });
  await own.settle(services, 50);
  await eventually(() => expect(own.stale.join()).toContain("No path to datacenter"));
  expect(own.stalenessMs()).toBeGreaterThan(0);
  consul.fault = undefined;
  consul.changed();
  await eventually(() => expect(own.stale).toEqual(["instances: Consul has none for web v1"]));
  expect(own.stalenessMs()).toBe(0);
});

test("ConsulLink says why its table may not be Consul's, and tells the event", async () => {
  const { link: own, consul, events } = await link(SHARED);
  await own.store?.save({ revision: 1, services: { web } }, 0);
  consul.fault = { kind: "answer", status: 500, text: "No cluster leader" };
  await own.store?.load();
  expect(own.store?.problem).toContain("No cluster leader");
  expect(events.since(0)).toMatchObject([{ kind: "store" }]);
});

test("ConsulLink of somebody in the mesh says what may be out of date there", async () => {
  const {
    link: own,
    consul,
    intentions,
  } = await link({}, undefined, {
    connect: { service: "web" },
  });
  own.start();
  await eventually(() => expect(own.stale).toHaveLength(3));
  expect(own.stale.join()).toMatch(/certificate of the mesh.*roots of the mesh.*intentions/);
  consul.answers.set("agent/connect/ca/leaf/web", CONSUL_LEAF);
  consul.answers.set("agent/connect/ca/roots", CONSUL_ROOTS);
  consul.answers.set("connect/intentions", []);
  consul.answers.set("connect/intentions/match", { web: null });
  consul.answers.set("connect/intentions/check", { Allowed: true });
  await eventually(() => expect(own.stale).toEqual([]));
  await eventually(() => expect(intentions).toHaveLength(1));
});
