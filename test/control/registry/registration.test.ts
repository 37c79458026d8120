import { expect, test } from "vitest";
import { Registrar } from "../../../control/registry/registration.ts";
import type { Registration } from "../../../control/registry/registration.ts";
import { untilAborted } from "../../../control/store/until-aborted.ts";
import { eventually } from "../../support/eventually.ts";
import { openConsulBed } from "../../support/fake-consul-bed.ts";

const REGISTRATION: Registration = {
  id: "web-1",
  service: "web",
  proxyOf: undefined,
  sidecar: undefined,
  version: "v2",
  tags: ["blue"],
  address: "10.0.0.7",
  port: 3000,
  check: undefined,
  deregisterAfterMs: 90_000,
};

const WELL = (): boolean => true;

/** A registrar over a fake agent. */
async function registrar(more: Partial<Registration> = {}) {
  const bed = await openConsulBed();
  const own = new Registrar(bed.deps, { ...REGISTRATION, ...more });
  bed.run(async (signal) => {
    await untilAborted(signal);
    await own.stop();
  });
  return { ...bed, registrar: own };
}

test("Registrar.start() registers the version as meta and tag", async () => {
  const { consul, registrar: own } = await registrar();
  own.start(WELL);
  await eventually(() => expect(consul.registered.size).toBe(1));
  expect(consul.registered.get("web-1")).toEqual({
    ID: "web-1",
    Name: "web",
    Address: "10.0.0.7",
    Port: 3000,
    Tags: ["v2", "blue"],
    Meta: { version: "v2" },
  });
});

test("Registrar registers again only what the agent has lost or has otherwise", async () => {
  const { consul, deps, registrar: own } = await registrar();
  const added = (): number =>
    deps.lines.filter((line) => line.includes("registration.added")).length;
  own.start(WELL);
  await eventually(() => expect(added()).toBe(1));
  const looks = consul.asked.length;
  await eventually(() => expect(consul.asked.length).toBeGreaterThan(looks + 2));
  expect(added()).toBe(1);
  consul.registered.clear();
  await eventually(() => expect(added()).toBe(2));
  consul.registered.set("web-1", { ...consul.registered.get("web-1"), Port: 1 });
  await eventually(() => expect(consul.registered.get("web-1")).toMatchObject({ Port: 3000 }));
});

test("Registrar registers anew when there is another token, which the agent must use", async () => {
  const { consul, deps, registrar: own } = await registrar();
  const registered = (): number =>
    consul.asked.filter((asked) => asked.includes("service/register")).length;
  own.start(WELL);
  await eventually(() => expect(registered()).toBe(1));
  deps.client.useToken("another");
  await eventually(() => expect(registered()).toBe(2));
  const looks = consul.asked.length;
  await eventually(() => expect(consul.asked.length).toBeGreaterThan(looks + 2));
  expect(registered()).toBe(2);
});

test.each([
  [
    "http",
    { kind: "http", url: "http://10.0.0.7/livez", intervalMs: 5_000, timeoutMs: 1_000 },
    { HTTP: "http://10.0.0.7/livez", Interval: "5000ms", Timeout: "1000ms" },
  ],
  [
    "tcp",
    { kind: "tcp", address: "10.0.0.7:3000", intervalMs: 5_000, timeoutMs: 1_000 },
    { TCP: "10.0.0.7:3000", Interval: "5000ms", Timeout: "1000ms" },
  ],
  ["ttl", { kind: "ttl", ttlMs: 30_000 }, { TTL: "30000ms" }],
] as const)("Registrar registers a check of kind %s", async (_, check, expected) => {
  const { consul, registrar: own } = await registrar({ check });
  own.start(WELL);
  await eventually(() => expect(consul.registered.size).toBe(1));
  expect(consul.registered.get("web-1")?.["Check"]).toMatchObject(expected);
});

test("Registrar tells how it is by a ttl check", async () => {
  let isWell = true;
  const check = { kind: "ttl", ttlMs: 900 } as const;
  const { consul, registrar: own } = await registrar({ check });
  own.start(() => isWell);
  await eventually(() => expect(consul.asked).toContain("PUT agent/check/pass/service:web-1"));
  isWell = false;
  await eventually(() => expect(consul.asked).toContain("PUT agent/check/fail/service:web-1"));
});

test("Registrar logs an agent that refuses, and tries again", async () => {
  const { consul, deps, registrar: own } = await registrar();
  consul.fault = { kind: "answer", status: 500, text: "not now" };
  own.start(WELL);
  await eventually(() => expect(deps.lines.join()).toContain("registration.failed"));
  consul.fault = undefined;
  await eventually(() => expect(consul.registered.size).toBe(1));
});

test("Registrar.leave() deregisters; stop() says nothing to the agent", async () => {
  const { consul, registrar: own } = await registrar();
  await own.leave();
  expect(consul.asked).toEqual([]);
  own.start(WELL);
  await eventually(() => expect(consul.registered.size).toBe(1));
  await own.stop();
  expect(consul.registered.size).toBe(1);
  await own.leave();
  expect(consul.registered.size).toBe(0);
});

test("Registrar.leave() waits no longer than its signal for an agent that hangs", async () => {
  const { consul, registrar: own } = await registrar();
  own.start(WELL);
  await eventually(() => expect(consul.registered.size).toBe(1));
  consul.fault = { kind: "silence" };
  await own.leave(AbortSignal.abort());
  expect(consul.registered.size).toBe(1);
});

test("Registrar registers a proxy of the mesh, and again when it is none any more", async () => {
  const { consul, registrar: own } = await registrar({
    service: "web-sidecar-proxy",
    proxyOf: "web",
  });
  own.start(WELL);
  await eventually(() =>
    expect(consul.registered.get("web-1")).toMatchObject({
      Name: "web-sidecar-proxy",
      Kind: "connect-proxy",
      Proxy: { DestinationServiceName: "web" },
    }),
  );
  consul.registered.set("web-1", { ...consul.registered.get("web-1"), Kind: "", Proxy: null });
  await eventually(() =>
    expect(consul.registered.get("web-1")).toMatchObject({ Kind: "connect-proxy" }),
  );
});

test("Registrar says once why it cannot register, and that until it can", async () => {
  const { consul, deps, registrar: own } = await registrar();
  consul.fault = { kind: "answer", status: 403, text: "token lacks service:write" };
  own.start(WELL);
  await eventually(() => expect(consul.asked.length).toBeGreaterThan(3));
  expect(own.problem).toMatch(/web-1: Consul answered 403 \(token lacks service:write\)/);
  expect(deps.lines.filter((line) => line.includes("registration.failed"))).toHaveLength(1);
  consul.fault = undefined;
  await eventually(() => expect(own.problem).toBeUndefined());
  expect(consul.registered.size).toBe(1);
});
